package dev.filigree.host.tokenizer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** The sample tokenizers, and files made for one test. */
final class TokenizerFiles {
    private TokenizerFiles() {}

    static Path folder(String name) {
        try {
            return Path.of(Objects.requireNonNull(TokenizerFiles.class.getResource("/tokenizers/" + name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static Tokenizer sample(String name) {
        return Tokenizer.read(folder(name));
    }

    /** A tokenizer read from {@code json}, in which ' may stand for ". */
    static Tokenizer of(Path directory, String json) {
        try {
            Path file = directory.resolve("tokenizer.json");
            Files.writeString(file, json.replace('\'', '"'));
            return Tokenizer.read(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
