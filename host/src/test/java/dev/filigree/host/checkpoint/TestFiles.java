package dev.filigree.host.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** Sample configs, and safetensors files made byte by byte. */
final class TestFiles {
    private TestFiles() {}

    /** A folder with the config.json and generation_config.json of a sample decoder. */
    static Path config(String name) {
        try {
            return Path.of(Objects.requireNonNull(TestFiles.class.getResource("/configs/" + name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static String configText(String name) {
        try {
            return Files.readString(config(name).resolve("config.json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The bytes of a file with this header, in which ' may stand for ", and so many bytes of data. */
    static byte[] safetensors(String header, int dataBytes) {
        return safetensors(header.replace('\'', '"').getBytes(StandardCharsets.UTF_8), dataBytes);
    }

    static byte[] safetensors(byte[] header, int dataBytes) {
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header);
        for (int i = 0; i < dataBytes; i++) {
            bytes.put((byte) i);
        }
        return bytes.array();
    }

    static Path write(Path file, byte[] bytes) {
        try {
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes all tensors a decoder needs, with small random values, into {@code file}. */
    static void writeWeights(Path file, List<TensorSpec> specs) {
        Random random = new Random(1);
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of("format", "pt"))) {
            for (TensorSpec spec : specs) {
                byte[] data = new byte[Math.toIntExact(spec.numBytes())];
                random.nextBytes(data);
                writer.write(spec.name(), MemorySegment.ofArray(data));
            }
            writer.commit();
        }
    }
}
