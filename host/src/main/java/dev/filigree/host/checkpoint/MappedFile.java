package dev.filigree.host.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A file as one read-only segment of memory, for any number of threads, until it is closed: mapped, or unpacked where only
 * its {@linkplain PackedFile packed form} is there.
 */
final class MappedFile implements AutoCloseable {
    private static final AtomicInteger OPEN = new AtomicInteger();

    private final Arena arena;
    private final MemorySegment data;

    private MappedFile(Arena arena, MemorySegment data) {
        this.arena = arena;
        this.data = data;
    }

    @SuppressWarnings("MustBeClosedChecker") // the result owns the arena and closes it
    static MappedFile open(Path file) {
        Arena arena = Arena.ofShared();
        OPEN.incrementAndGet();
        boolean mapped = false;
        try {
            Path packed = PackedFile.of(file);
            MemorySegment bytes =
                    !Files.exists(file) && Files.exists(packed) ? PackedFile.read(packed, arena) : map(file, arena);
            MappedFile result = new MappedFile(arena, bytes);
            mapped = true;
            return result;
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file + " does not exist; accepted: a readable safetensors file");
        } catch (IOException e) {
            throw new CheckpointException(
                    file + " cannot be mapped (" + e.getMessage() + "); accepted: a readable safetensors file");
        } finally {
            if (!mapped) {
                close(arena);
            }
        }
    }

    private static MemorySegment map(Path file, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }

    MemorySegment data() {
        return data;
    }

    /** How many mapped files are open in this process; tests count them. */
    static int openCount() {
        return OPEN.get();
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            close(arena);
        }
    }

    private static void close(Arena arena) {
        arena.close();
        OPEN.decrementAndGet();
    }
}
