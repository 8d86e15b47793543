package dev.filigree.policies.config;

import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * An adapter to attach.
 *
 * @param name by which it is known, made of letters, digits, {@code _} and {@code -}
 * @param path a safetensors file, or a folder with one
 * @param strength factor of its product, beside the one that its file asks for
 */
public record AdapterConfig(String name, Path path, float strength) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    /**
     * Checks name and strength.
     *
     * @throws IllegalArgumentException if the name has other characters or the strength is not finite
     */
    public AdapterConfig {
        if (!isName(name)) {
            throw new IllegalArgumentException(
                    "the name of an adapter must be 1 to 64 letters, digits, _ and -, not \"" + name + "\"");
        }
        if (!Float.isFinite(strength)) {
            throw new IllegalArgumentException("the strength of adapter " + name + " must be finite, not " + strength);
        }
    }

    /** An adapter of full strength that is named after its file, without the ending. */
    public static AdapterConfig of(Path path, float strength) {
        return new AdapterConfig(nameOf(path), path, strength);
    }

    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** The name of a file or folder without its ending, other characters replaced. */
    static String nameOf(Path path) {
        String file = String.valueOf(path.toAbsolutePath().normalize().getFileName());
        String stem = file.endsWith(".safetensors") ? file.substring(0, file.length() - ".safetensors".length()) : file;
        String name = stem.replaceAll("[^A-Za-z0-9_-]", "-");
        return name.length() > 64 ? name.substring(0, 64) : name;
    }
}
