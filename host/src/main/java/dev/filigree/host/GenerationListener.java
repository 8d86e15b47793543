package dev.filigree.host;

/**
 * Hears of an answer while it is produced, on the thread that asked for it and between two steps. An exception ends the
 * generation and reaches the caller.
 */
@FunctionalInterface
public interface GenerationListener {
    /** Hears nothing. */
    GenerationListener NONE = text -> {};

    /** Text that is certain; pieces follow each other without gaps. */
    void onText(String text);

    /**
     * Prompt tokens were read. The default does nothing.
     *
     * @param done tokens read so far
     * @param total tokens to read
     */
    default void onPrefill(int done, int total) {}

    /**
     * A token was drawn. The default does nothing.
     *
     * @param count tokens drawn so far, this one included
     */
    default void onToken(int count) {}
}
