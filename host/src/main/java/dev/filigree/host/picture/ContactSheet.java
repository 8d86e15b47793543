package dev.filigree.host.picture;

import java.util.Arrays;
import java.util.List;

/** Many pictures of one size in rows on white. */
public final class ContactSheet {
    private static final int GAP = 2;

    private ContactSheet() {}

    /**
     * A sheet of rows of equal length.
     *
     * @throws IllegalArgumentException if rows or pictures differ in size, or there are none
     */
    public static Picture of(List<List<Picture>> rows) {
        if (rows.isEmpty() || rows.getFirst().isEmpty()) {
            throw new IllegalArgumentException("a contact sheet needs at least one picture, not none");
        }
        int columns = rows.getFirst().size();
        Picture first = rows.getFirst().getFirst();
        int width = GAP + columns * (first.width() + GAP);
        int height = GAP + rows.size() * (first.height() + GAP);
        float[] sheet = new float[Picture.CHANNELS * width * height];
        Arrays.fill(sheet, 1);
        for (int row = 0; row < rows.size(); row++) {
            if (rows.get(row).size() != columns) {
                throw new IllegalArgumentException("every row of a contact sheet must have " + columns
                        + " pictures, not " + rows.get(row).size());
            }
            for (int column = 0; column < columns; column++) {
                Picture picture = rows.get(row).get(column);
                if (picture.width() != first.width() || picture.height() != first.height()) {
                    throw new IllegalArgumentException(
                            "pictures of a contact sheet must be like the first, a " + first + ", not a " + picture);
                }
                int top = GAP + row * (first.height() + GAP);
                int left = GAP + column * (first.width() + GAP);
                paste(picture, sheet, width, height, top, left);
            }
        }
        return new Picture(width, height, sheet);
    }

    private static void paste(Picture picture, float[] sheet, int width, int height, int top, int left) {
        float[] values = picture.values();
        for (int i = 0; i < values.length; i += picture.width()) {
            int channel = i / (picture.width() * picture.height());
            int y = i / picture.width() % picture.height();
            System.arraycopy(values, i, sheet, (channel * height + top + y) * width + left, picture.width());
        }
    }
}
