package dev.filigree.policies.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What the model is asked, if the config says so; at most one of the two.
 *
 * @param text the prompt itself
 * @param file a UTF-8 file that holds it
 */
public record PromptConfig(Optional<String> text, Optional<Path> file) {
    /** No prompt: the caller brings one. */
    public static final PromptConfig NONE = new PromptConfig(Optional.empty(), Optional.empty());
}
