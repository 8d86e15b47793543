package dev.filigree.host.diffusion;

/**
 * A picture to be painted.
 *
 * @param caption words of the model's vocabulary; blank for the empty caption
 * @param noise what painting starts from: {@code [channels, imageSize, imageSize]}
 */
public record PaintRequest(String caption, float[] noise) {

    /** Copies the noise. */
    public PaintRequest {
        noise = noise.clone();
    }

    /** A caption and the noise of a seed. */
    public static PaintRequest of(String caption, long seed, DitConfig config) {
        return new PaintRequest(caption, Noise.of(seed, config.pictureValues()));
    }

    @Override
    public float[] noise() {
        return noise.clone();
    }
}
