package dev.filigree.host.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** What a checkpoint folder holds beside its tensors. */
public final class SideFiles {
    private static final List<String> NAMES =
            List.of("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json");

    private SideFiles() {}

    /**
     * Copies those that are there, over older ones.
     *
     * @param target created if it is not there
     * @throws UncheckedIOException if a file cannot be read or written
     */
    public static void copy(Path source, Path target) {
        try {
            Files.createDirectories(target);
            for (String name : NAMES) {
                if (Files.exists(source.resolve(name))) {
                    Files.copy(source.resolve(name), target.resolve(name), StandardCopyOption.REPLACE_EXISTING);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot copy the files of " + source + " to " + target, e);
        }
    }
}
