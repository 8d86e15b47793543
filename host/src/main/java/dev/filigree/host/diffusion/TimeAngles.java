package dev.filigree.host.diffusion;

/** Sines and cosines of a sampler's times, in fp32 throughout as the model was trained. */
final class TimeAngles {
    private static final int HALF = DitConfig.TIME_CHANNELS / 2;

    private TimeAngles() {}

    /** {@code [numSteps, 256]} for the times {@code 1 - i / numSteps}, cosines first. */
    static float[] ofSteps(int numSteps) {
        float[] angles = new float[numSteps * DitConfig.TIME_CHANNELS];
        for (int step = 0; step < numSteps; step++) {
            float time = (float) (1 - (double) step / numSteps);
            for (int i = 0; i < HALF; i++) {
                float frequency = (float) Math.exp((float) -Math.log(10000) * i / HALF);
                float angle = 1000 * time * frequency;
                angles[step * DitConfig.TIME_CHANNELS + i] = (float) Math.cos(angle);
                angles[step * DitConfig.TIME_CHANNELS + HALF + i] = (float) Math.sin(angle);
            }
        }
        return angles;
    }
}
