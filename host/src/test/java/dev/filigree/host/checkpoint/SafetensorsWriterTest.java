package dev.filigree.host.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SafetensorsWriterTest {
    private static final TensorSpec WIDE = new TensorSpec("wide \"quoted\" \u00E9", StoredType.I64, List.of(2L));
    private static final TensorSpec NARROW = new TensorSpec("narrow", StoredType.U8, List.of(3L));

    @TempDir
    Path directory;

    @Test
    void whatIsWrittenIsReadBackAligned() {
        Path file = directory.resolve("out.safetensors");
        byte[] narrow = {1, 2, 3};
        long[] wide = {Long.MIN_VALUE, 7};
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, List.of(NARROW, WIDE), Map.of("k", "v\n"))) {
            writer.write("narrow", MemorySegment.ofArray(narrow));
            writer.write(WIDE.name(), MemorySegment.ofArray(wide));
            writer.commit();
        }
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertEquals(Map.of("k", "v\n"), read.metadata());
            StoredTensor back = read.tensor(WIDE.name()).orElseThrow();
            assertEquals(WIDE, back.spec());
            // an aligned access to the mapped data must be allowed
            assertArrayEquals(wide, back.data().toArray(ValueLayout.JAVA_LONG));
            assertArrayEquals(narrow, read.tensor("narrow").orElseThrow().data().toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void aTensorOfManyChunksIsWrittenWhole() {
        Path file = directory.resolve("out.safetensors");
        int[] values = IntStream.range(0, 600_001).toArray();
        TensorSpec spec = new TensorSpec("values", StoredType.I32, List.of(600_001L));
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, List.of(NARROW, spec), Map.of())) {
            writer.write("values", MemorySegment.ofArray(values));
            writer.write("narrow", MemorySegment.ofArray(new byte[3]));
            writer.commit();
        }
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertArrayEquals(values, read.tensor("values").orElseThrow().data().toArray(ValueLayout.JAVA_INT));
        }
    }

    @Test
    void nothingAppearsBeforeCommitAndNothingStaysWithoutIt() throws IOException {
        Path file = Files.writeString(directory.resolve("out.safetensors"), "older");
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, List.of(NARROW), Map.of())) {
            assertTrue(assertThrows(IllegalStateException.class, writer::commit)
                    .getMessage()
                    .contains("1 tensors are not written, one of them narrow"));
            writer.write("narrow", MemorySegment.ofArray(new byte[3]));
        }
        assertEquals("older", Files.readString(file));
        try (Stream<Path> files = Files.list(directory)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @Test
    void wrongNamesAndSizesAreRefused() {
        Path file = directory.resolve("out.safetensors");
        assertThrows(
                IllegalArgumentException.class,
                () -> SafetensorsWriter.create(file, List.of(NARROW, NARROW), Map.of()));
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, List.of(NARROW), Map.of())) {
            MemorySegment four = MemorySegment.ofArray(new byte[4]);
            assertEquals(
                    "tensor narrow gets 4 bytes; accepted: 3",
                    assertThrows(IllegalArgumentException.class, () -> writer.write("narrow", four))
                            .getMessage());
            assertThrows(IllegalArgumentException.class, () -> writer.write("other", four));
        }
    }

    @Test
    void aFileWithoutTensorsIsValid() {
        Path file = directory.resolve("out.safetensors");
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, List.of(), Map.of())) {
            writer.commit();
        }
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertTrue(read.tensors().isEmpty());
        }
    }
}
