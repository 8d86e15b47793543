package dev.filigree.host.checkpoint;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.filigree.host.checkpoint.SafetensorsHeader.Extent;
import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.Quote;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes a safetensors file tensor by tensor, so that a job never holds more than one. The file appears under its name, all
 * at once, when {@link #commit} is called; until then it is beside it with {@code .part} appended, and closing without
 * commit removes that. Not thread-safe.
 */
public final class SafetensorsWriter implements AutoCloseable {
    private static final int CHUNK_BYTES = 1 << 20;

    private final Path target;
    private final Path part;
    private final FileChannel channel;
    private final Map<String, Extent> extents;
    private final Set<String> missing;
    private final long dataStart;
    private final MemorySegment chunk = MemorySegment.ofArray(new byte[CHUNK_BYTES]);
    private boolean committed;

    private SafetensorsWriter(
            Path target, Path part, FileChannel channel, Map<String, Extent> extents, long dataStart) {
        this.target = target;
        this.part = part;
        this.channel = channel;
        this.extents = extents;
        this.missing = new HashSet<>(extents.keySet());
        this.dataStart = dataStart;
    }

    /**
     * Begins a file with these tensors. Their order in the file is by element size and name, whatever their order here.
     *
     * @param metadata texts for {@code __metadata__}; none leaves it out
     * @throws IllegalArgumentException if a name is given twice or the header would be above the format's 100 MB
     * @throws UncheckedIOException if the file cannot be written
     */
    public static SafetensorsWriter create(Path target, List<TensorSpec> specs, Map<String, String> metadata) {
        Map<String, Extent> extents = SafetensorsHeader.layOut(specs);
        Path part = target.resolveSibling(target.getFileName() + ".part");
        try {
            byte[] header = header(extents, metadata);
            FileChannel channel = FileChannel.open(
                    part, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
            long dataStart = SafetensorsHeader.LENGTH_BYTES + (long) header.length;
            SafetensorsWriter writer = new SafetensorsWriter(target, part, channel, extents, dataStart);
            writer.begin(header);
            return writer;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + target, e);
        }
    }

    private void begin(byte[] header) throws IOException {
        boolean begun = false;
        try {
            ByteBuffer length =
                    ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            put(length.putLong(header.length).flip(), 0);
            put(ByteBuffer.wrap(header), SafetensorsHeader.LENGTH_BYTES);
            begun = true;
        } finally {
            if (!begun) {
                close();
            }
        }
    }

    /**
     * Writes the data of one tensor, in any order of tensors.
     *
     * @param data row-major, little-endian, exactly the tensor's size in bytes
     * @throws IllegalArgumentException if there is no such tensor or the size differs
     * @throws UncheckedIOException if writing fails
     */
    public void write(String name, MemorySegment data) {
        Extent extent = extents.get(name);
        if (extent == null) {
            throw new IllegalArgumentException(
                    "tensor " + Quote.name(name) + " is not in the list; accepted: " + extents.size() + " given names");
        }
        if (data.byteSize() != extent.spec().numBytes()) {
            throw new IllegalArgumentException("tensor " + Quote.name(name) + " gets " + data.byteSize()
                    + " bytes; accepted: " + extent.spec().numBytes());
        }
        try {
            for (long done = 0; done < data.byteSize(); done += chunk.byteSize()) {
                long count = Math.min(chunk.byteSize(), data.byteSize() - done);
                // through a buffer of our own, since the data may be a heap array of any element type
                MemorySegment.copy(data, done, chunk, 0, count);
                put(chunk.asSlice(0, count).asByteBuffer(), dataStart + extent.begin() + done);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write tensor " + name + " to " + part, e);
        }
        missing.remove(name);
    }

    /**
     * Ends the file and puts it in its place, over an older one of the same name.
     *
     * @throws IllegalStateException if a tensor has not been written
     * @throws UncheckedIOException if writing fails
     */
    public void commit() {
        if (!missing.isEmpty()) {
            throw new IllegalStateException(missing.size() + " tensors are not written, one of them "
                    + Quote.name(missing.iterator().next()) + "; accepted: none");
        }
        try {
            channel.force(true);
            channel.close();
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            committed = true;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + target, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
            if (!committed) {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + part, e);
        }
    }

    private void put(ByteBuffer bytes, long position) throws IOException {
        long next = position;
        while (bytes.hasRemaining()) {
            next += channel.write(bytes, next);
        }
    }

    private static byte[] header(Map<String, Extent> extents, Map<String, String> metadata) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = JsonFile.factory().createGenerator(out)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart("__metadata__");
                for (Map.Entry<String, String> entry : metadata.entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }
            for (Extent extent : extents.values()) {
                writeTensor(json, extent);
            }
            json.writeEndObject();
        }
        while (out.size() % 8 != 0) {
            out.write(' ');
        }
        if (out.size() > SafetensorsHeader.MAX_HEADER_BYTES) {
            throw new IllegalArgumentException(
                    "the header has " + out.size() + " bytes; accepted: at most " + SafetensorsHeader.MAX_HEADER_BYTES);
        }
        return out.toByteArray();
    }

    private static void writeTensor(JsonGenerator json, Extent extent) throws IOException {
        json.writeObjectFieldStart(extent.spec().name());
        json.writeStringField("dtype", extent.spec().type().name());
        json.writeArrayFieldStart("shape");
        for (long size : extent.spec().shape()) {
            json.writeNumber(size);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("data_offsets");
        json.writeNumber(extent.begin());
        json.writeNumber(extent.end());
        json.writeEndArray();
        json.writeEndObject();
    }
}
