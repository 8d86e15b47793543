package dev.filigree.host.picture;

/**
 * How far a picture is from another, as both are seen: in levels of 0 to 255.
 *
 * @param psnr peak signal-to-noise ratio in dB, infinite for equal pictures
 * @param ssim structural similarity, 1 for equal pictures
 * @param largestDifference of any level
 */
public record PictureScores(double psnr, double ssim, int largestDifference) {
    private static final double PEAK = 255;
    private static final int WINDOW = 11;
    private static final double SIGMA = 1.5;
    private static final double C1 = 0.01 * PEAK * 0.01 * PEAK;
    private static final double C2 = 0.03 * PEAK * 0.03 * PEAK;

    /**
     * Compares two pictures.
     *
     * @throws IllegalArgumentException if their sizes differ, or are below the 11 pixels that SSIM looks at together
     */
    public static PictureScores of(Picture reference, Picture other) {
        if (reference.width() != other.width() || reference.height() != other.height()) {
            throw new IllegalArgumentException("pictures must have one size, not " + reference + " and " + other);
        }
        if (Math.min(reference.width(), reference.height()) < WINDOW) {
            throw new IllegalArgumentException("pictures must have at least " + WINDOW + " pixels along each side, not "
                    + reference.width() + " x " + reference.height());
        }
        double[] a = reference.levels();
        double[] b = other.levels();
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return new PictureScores(psnr(a, b), ssim(reference.width(), reference.height(), a, b), (int) largest);
    }

    private static double psnr(double[] a, double[] b) {
        double squares = 0;
        for (int i = 0; i < a.length; i++) {
            squares += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return 10 * Math.log10(PEAK * PEAK * a.length / squares);
    }

    /** The mean over channels and all places of a Gaussian window that lies within the picture (Wang et al. 2004, section III). */
    private static double ssim(int width, int height, double[] a, double[] b) {
        double[] weights = window();
        double sum = 0;
        int places = 0;
        for (int channel = 0; channel < Picture.CHANNELS; channel++) {
            for (int y = 0; y + WINDOW <= height; y++) {
                for (int x = 0; x + WINDOW <= width; x++) {
                    sum += similarity(weights, a, b, (channel * height + y) * width + x, width);
                    places++;
                }
            }
        }
        return sum / places;
    }

    private static double similarity(double[] weights, double[] a, double[] b, int corner, int width) {
        double meanA = 0;
        double meanB = 0;
        double squareA = 0;
        double squareB = 0;
        double product = 0;
        for (int i = 0; i < weights.length; i++) {
            int at = corner + i / WINDOW * width + i % WINDOW;
            meanA += weights[i] * a[at];
            meanB += weights[i] * b[at];
            squareA += weights[i] * a[at] * a[at];
            squareB += weights[i] * b[at] * b[at];
            product += weights[i] * a[at] * b[at];
        }
        double varianceA = squareA - meanA * meanA;
        double varianceB = squareB - meanB * meanB;
        double covariance = product - meanA * meanB;
        return (2 * meanA * meanB + C1)
                * (2 * covariance + C2)
                / ((meanA * meanA + meanB * meanB + C1) * (varianceA + varianceB + C2));
    }

    private static double[] window() {
        double[] weights = new double[WINDOW * WINDOW];
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            double y = i / WINDOW - WINDOW / 2;
            double x = i % WINDOW - WINDOW / 2;
            weights[i] = Math.exp(-(x * x + y * y) / (2 * SIGMA * SIGMA));
            sum += weights[i];
        }
        for (int i = 0; i < weights.length; i++) {
            weights[i] /= sum;
        }
        return weights;
    }
}
