package dev.filigree.host.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A packed file is the file. */
class PackedFileTest {
    @TempDir
    private Path folder;

    private Path plain = Path.of("");
    private byte[] bytes = {};
    private byte[] values = {};

    @BeforeEach
    void write() throws IOException {
        plain = folder.resolve("model.safetensors");
        values = new byte[2 * 131 + 3];
        new Random(5).nextBytes(values);
        List<TensorSpec> specs = List.of(
                new TensorSpec("a", StoredType.BF16, List.of(131L)), new TensorSpec("b", StoredType.U8, List.of(3L)));
        try (SafetensorsWriter writer = SafetensorsWriter.create(plain, specs, Map.of("k", "v"))) {
            writer.write("a", MemorySegment.ofArray(values).asSlice(0, 262));
            writer.write("b", MemorySegment.ofArray(values).asSlice(262, 3));
            writer.commit();
        }
        bytes = Files.readAllBytes(plain);
        Files.delete(plain);
    }

    private void pack(String... leftOut) throws IOException {
        int start = bytes.length - values.length;
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(PackedFile.of(plain)))) {
            for (String name : List.of("header", "even", "odd")) {
                if (!List.of(leftOut).contains(name)) {
                    zip.putNextEntry(new ZipEntry(name));
                    write(zip, name, start);
                }
            }
        }
    }

    private void write(OutputStream out, String name, int start) throws IOException {
        if (name.equals("header")) {
            out.write(bytes, 0, start);
        } else {
            for (int i = start + (name.equals("odd") ? 1 : 0); i < bytes.length; i += 2) {
                out.write(bytes[i]);
            }
        }
    }

    @Test
    void everyTensorIsThereAndNothingStaysOpen() throws IOException {
        pack();
        int open = MappedFile.openCount();
        try (SafetensorsFile file = SafetensorsFile.open(plain)) {
            assertEquals(Map.of("k", "v"), file.metadata());
            byte[] a = file.tensor("a").orElseThrow().data().toArray(ValueLayout.JAVA_BYTE);
            byte[] b = file.tensor("b").orElseThrow().data().toArray(ValueLayout.JAVA_BYTE);
            assertArrayEquals(java.util.Arrays.copyOf(values, 262), a);
            assertArrayEquals(java.util.Arrays.copyOfRange(values, 262, 265), b);
        }
        assertEquals(open, MappedFile.openCount());
    }

    @Test
    void thePlainFileGoesFirst() throws IOException {
        pack();
        Files.write(plain, new byte[3]);
        assertThrows(CheckpointException.class, () -> SafetensorsFile.open(plain));
    }

    @Test
    void whatIsNotPackedLikeThisIsRefused() throws IOException {
        pack("odd");
        assertTrue(refusal().contains("entry odd is missing; accepted: entries header, even and odd"), refusal());
        Files.write(PackedFile.of(plain), new byte[100]);
        assertTrue(refusal().contains("cannot be unpacked"), refusal());
        Files.delete(PackedFile.of(plain));
        assertTrue(refusal().contains("does not exist"), refusal());
    }

    /** The allocation follows from the claim, so 300 bytes must not be able to ask for a gigabyte. */
    @Test
    void anEntryCannotClaimMoreThanItsPackedBytesHold() throws IOException {
        pack();
        byte[] zip = Files.readAllBytes(PackedFile.of(plain));
        ByteBuffer directory = ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < zip.length - 4; at++) {
            if (directory.getInt(at) == 0x02014b50) {
                directory.putInt(at + 24, 500_000_000);
            }
        }
        Files.write(PackedFile.of(plain), zip);
        assertTrue(refusal().contains("claims 500000000 bytes of "), refusal());
    }

    private String refusal() {
        int open = MappedFile.openCount();
        String message = assertThrows(CheckpointException.class, () -> SafetensorsFile.open(plain))
                .getMessage();
        assertEquals(open, MappedFile.openCount());
        return String.valueOf(message);
    }
}
