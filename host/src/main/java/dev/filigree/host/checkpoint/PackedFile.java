package dev.filigree.host.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A safetensors file packed without loss for a source tree: {@code model.safetensors.zip} holds the entries {@code header}
 * (the length and the JSON), {@code even} and {@code odd} (the bytes of the data at even and at odd offsets). The upper
 * bytes of 16-bit floats hardly differ, so they shrink to a third, which they do not where the two halves alternate.
 */
final class PackedFile {
    private static final long MAX_BYTES = 1L << 30;
    private static final int CHUNK_BYTES = 1 << 16;
    /** The most that deflate makes of a byte: 258 bytes from two bits. */
    private static final long MAX_RATIO = 1032;

    private PackedFile() {}

    /** Where the packed form of a file would be. */
    static Path of(Path file) {
        return file.resolveSibling(file.getFileName() + ".zip");
    }

    /** Whether a file is there, plain or packed. */
    static boolean exists(Path file) {
        return Files.exists(file) || Files.exists(of(file));
    }

    /**
     * Unpacks into memory.
     *
     * @throws CheckpointException if the file is not of this form
     */
    static MemorySegment read(Path packed, Arena arena) {
        try (ZipFile zip = new ZipFile(packed.toFile())) {
            ZipEntry header = entry(packed, zip, "header");
            ZipEntry even = entry(packed, zip, "even");
            ZipEntry odd = entry(packed, zip, "odd");
            long dataBytes = even.getSize() + odd.getSize();
            if (even.getSize() != Math.ceilDiv(dataBytes, 2L) || header.getSize() + dataBytes > MAX_BYTES) {
                throw new CheckpointException(packed + " holds " + even.getSize() + " even and " + odd.getSize()
                        + " odd bytes; accepted: as many of both, at most " + MAX_BYTES + " together");
            }
            MemorySegment data = arena.allocate(header.getSize() + dataBytes, 64);
            copy(zip, header, data, 0, 1);
            copy(zip, even, data, header.getSize(), 2);
            copy(zip, odd, data, header.getSize() + 1, 2);
            return data.asReadOnly();
        } catch (IOException e) {
            throw new CheckpointException(
                    packed + " cannot be unpacked (" + e.getMessage() + "); accepted: a packed safetensors file");
        }
    }

    private static ZipEntry entry(Path packed, ZipFile zip, String name) {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new CheckpointException(
                    packed + ": entry " + name + " is missing; accepted: entries header, even and odd");
        }
        // What an entry claims decides how much is allocated, so it must be possible.
        long most = Math.min(MAX_BYTES, MAX_RATIO * Math.min(MAX_BYTES, entry.getCompressedSize()) + MAX_RATIO);
        if (entry.getSize() < 0 || entry.getSize() > most) {
            throw new CheckpointException(packed + ": entry " + name + " claims " + entry.getSize() + " bytes of "
                    + entry.getCompressedSize() + " packed ones; accepted: at most " + most);
        }
        return entry;
    }

    private static void copy(ZipFile zip, ZipEntry entry, MemorySegment target, long start, int step)
            throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        long at = start;
        long left = entry.getSize();
        try (InputStream in = zip.getInputStream(entry)) {
            for (int count = in.read(chunk); count > 0; count = in.read(chunk)) {
                left -= count;
                if (left < 0) {
                    break;
                }
                for (int i = 0; i < count; i++, at += step) {
                    target.set(ValueLayout.JAVA_BYTE, at, chunk[i]);
                }
            }
        }
        if (left != 0) {
            throw new IOException("entry " + entry.getName() + " does not have its " + entry.getSize() + " bytes");
        }
    }
}
