package dev.filigree.host.diffusion;

/** The order of a picture's values in patches: patches row by row, inside a patch channel, row, column. */
final class Patches {
    private final int side;
    private final int patchSize;
    private final int channels;
    private final int imageSize;

    Patches(DitConfig config) {
        patchSize = config.patchSize();
        channels = config.channels();
        imageSize = config.imageSize();
        side = imageSize / patchSize;
    }

    /** Copies a picture {@code [channels, size, size]} to patches {@code [numPatches, channels * patch * patch]}. */
    void cut(float[] picture, float[] patches, int start) {
        for (int i = 0; i < picture.length; i++) {
            patches[start + patchIndex(i)] = picture[i];
        }
    }

    /** The reverse. */
    void join(float[] patches, int start, float[] picture) {
        for (int i = 0; i < picture.length; i++) {
            picture[i] = patches[start + patchIndex(i)];
        }
    }

    private int patchIndex(int pixel) {
        int column = pixel % imageSize;
        int row = pixel / imageSize % imageSize;
        int channel = pixel / (imageSize * imageSize);
        int patch = row / patchSize * side + column / patchSize;
        int inside = (channel * patchSize + row % patchSize) * patchSize + column % patchSize;
        return patch * channels * patchSize * patchSize + inside;
    }
}
