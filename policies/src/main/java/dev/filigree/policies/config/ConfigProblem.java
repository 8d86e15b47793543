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

    @Override
    public String toString() {
        return file + ":" + line + ": " + (key.isEmpty() ? "" : key + ": ") + message;
    }
}
