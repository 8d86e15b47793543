package dev.filigree.host.calibrate;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Reading and writing of small text files. */
public final class TextFile {
    private TextFile() {}

    /**
     * The text of a file.
     *
     * @throws UncheckedIOException if it cannot be read
     */
    public static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Replaces a file at once: a reader sees the old text or the new one, never a part.
     *
     * @throws UncheckedIOException if it cannot be written
     */
    public static void replace(Path file, String text) {
        try {
            Path folder = file.toAbsolutePath().getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            Path draft = file.resolveSibling(file.getFileName() + ".part");
            Files.writeString(draft, text);
            Files.move(draft, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
