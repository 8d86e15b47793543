package dev.filigree.host.diffusion;

/** Sees a batch being painted. */
public interface PaintWatcher {
    /** Looks away. */
    PaintWatcher NONE = new PaintWatcher() {};

    /**
     * A step is done.
     *
     * @param done steps of all pictures together
     * @param total of them
     */
    default void onStep(long done, long total) {}

    /**
     * The velocity that a step took, before guidance.
     *
     * @param step 0-based
     * @param picture 0-based, of the whole request
     * @param velocity {@code [channels, imageSize, imageSize]}
     */
    default void onVelocity(int step, int picture, float[] velocity) {}

    /** Whether {@link #onVelocity} is to be called. */
    default boolean wantsVelocity() {
        return false;
    }
}
