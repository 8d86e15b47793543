package dev.filigree.host.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;

class PictureScoresTest {
    private static final int SIZE = 16;

    /** A picture of given levels. */
    private static Picture of(IntUnaryOperator level) {
        float[] values = new float[3 * SIZE * SIZE];
        for (int i = 0; i < values.length; i++) {
            values[i] = level.applyAsInt(i) / 127.5f - 1;
        }
        return new Picture(SIZE, SIZE, values);
    }

    private static Picture noise(long seed, int from, int to) {
        Random random = new Random(seed);
        int[] levels = random.ints(3 * SIZE * SIZE, from, to).toArray();
        return of(i -> levels[i]);
    }

    @Test
    void equalPicturesHaveNoDifference() {
        Picture picture = noise(1, 0, 256);
        PictureScores scores = PictureScores.of(picture, picture);
        assertEquals(Double.POSITIVE_INFINITY, scores.psnr());
        assertEquals(1, scores.ssim(), 1e-12);
        assertEquals(0, scores.largestDifference());
    }

    @Test
    void oneLevelEverywhereIs48Decibels() {
        PictureScores scores = PictureScores.of(noise(2, 10, 200), noise(2, 11, 201));
        assertEquals(1, scores.largestDifference());
        assertEquals(20 * Math.log10(255), scores.psnr(), 1e-9);
    }

    @Test
    void oneWrongLevelIsSpreadOverThePicture() {
        Picture dark = of(i -> 0);
        Picture spot = of(i -> i == 7 ? 255 : 0);
        assertEquals(
                10 * Math.log10(3 * SIZE * SIZE), PictureScores.of(dark, spot).psnr(), 1e-9);
    }

    @Test
    void flatPicturesDifferInLuminanceAlone() {
        double a = 100;
        double b = 180;
        double c1 = 6.5025;
        double expected = (2 * a * b + c1) / (a * a + b * b + c1);
        assertEquals(expected, PictureScores.of(of(i -> 100), of(i -> 180)).ssim(), 1e-9);
    }

    @Test
    void inverseStructureIsNegative() {
        Picture picture = noise(3, 0, 256);
        Picture inverse = of(i -> 255 - picture.level(i / (SIZE * SIZE), i / SIZE % SIZE, i % SIZE));
        assertTrue(PictureScores.of(picture, inverse).ssim() < -0.8);
    }

    @Test
    void anEdgeMovedByAPixelMattersMoreThanAShadeOfGrey() {
        Picture edge = of(i -> i % SIZE < 8 ? 20 : 220);
        Picture moved = of(i -> i % SIZE < 9 ? 20 : 220);
        Picture shade = of(i -> i % SIZE < 8 ? 24 : 224);
        assertTrue(PictureScores.of(edge, moved).ssim() < 0.9);
        assertTrue(PictureScores.of(edge, shade).ssim() > 0.98);
    }

    @Test
    void sizesMustBeEqualAndLargeEnough() {
        Picture small = new Picture(10, 12, new float[360]);
        IllegalArgumentException tooSmall =
                assertThrows(IllegalArgumentException.class, () -> PictureScores.of(small, small));
        assertEquals("pictures must have at least 11 pixels along each side, not 10 x 12", tooSmall.getMessage());
        IllegalArgumentException other =
                assertThrows(IllegalArgumentException.class, () -> PictureScores.of(of(i -> 0), small));
        assertEquals("pictures must have one size, not 16 x 16 picture and 10 x 12 picture", other.getMessage());
    }

    @Test
    void sheetsShowEveryPictureInItsPlace() {
        Picture a = of(i -> 50);
        Picture b = of(i -> 100);
        Picture sheet = ContactSheet.of(java.util.List.of(Arrays.asList(a, b), Arrays.asList(b, a)));
        assertEquals(2 * (SIZE + 2) + 2, sheet.width());
        assertEquals(sheet.width(), sheet.height());
        assertEquals(255, sheet.level(0, 0, 0));
        assertEquals(50, sheet.level(1, 2, 2));
        assertEquals(100, sheet.level(2, 2, SIZE + 4));
        assertEquals(255, sheet.level(2, 2, SIZE + 3));
        assertEquals(100, sheet.level(0, SIZE + 4, 2));
        assertEquals(50, sheet.level(0, 2 * SIZE + 3, 2 * SIZE + 3));
        assertThrows(
                IllegalArgumentException.class,
                () -> ContactSheet.of(java.util.List.of(Arrays.asList(a, b), Arrays.asList(a))));
    }
}
