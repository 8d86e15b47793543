package dev.filigree.policies.config;

/**
 * One thing that is wrong with a config.
 *
 * @param file name of the config file
 * @param line 1-based
 * @param key full key, such as {@code attention.sink}; empty for the file as a whole
 * @param message one sentence with the actual and the accepted values
 */
public record ConfigProblem(String file, int line, String key, String message) {
    /** A file may hold keys, paths and words of any length; a problem stays a line to read. */
    private static final int MAX_CHARACTERS = 600;

    /** Cuts what is too long in its middle: the end says what is accepted. */
    public ConfigProblem {
        key = shortened(key);
        message = shortened(message);
    }

    /** A text of any length as a line to read, cut in its middle. */
    public static String shortened(String text) {
        int half = MAX_CHARACTERS / 2;
        return text.length() <= MAX_CHARACTERS
                ? text
                : text.substring(0, half) + " ... " + text.substring(text.length() - half);
    }

    @Override
    public String toString() {
        return file + ":" + line + ": " + (key.isEmpty() ? "" : key + ": ") + message;
    }
}
