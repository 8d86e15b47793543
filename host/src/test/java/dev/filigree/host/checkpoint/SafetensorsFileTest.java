package dev.filigree.host.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SafetensorsFileTest {
    private static final String GOOD = "{'__metadata__': {'format': 'pt'}, "
            + "'b': {'dtype': 'BF16', 'shape': [2, 3], 'data_offsets': [4, 16]}, "
            + "'a': {'dtype': 'F32', 'shape': [], 'data_offsets': [0, 4]}, "
            + "'none': {'dtype': 'I64', 'shape': [5, 0], 'data_offsets': [4, 4]}}   ";

    @TempDir
    Path directory;

    @AfterEach
    void nothingStaysMapped() throws IOException {
        assertEquals(0, MappedFile.openCount());
        Path maps = Path.of("/proc/self/maps");
        if (Files.exists(maps)) {
            assertFalse(Files.readString(maps).contains(directory.getFileName().toString()));
        }
    }

    @Test
    void tensorsAreViewsOfTheFile() {
        Path path = TestFiles.write(directory.resolve("x.safetensors"), TestFiles.safetensors(GOOD, 16));
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertEquals(1, MappedFile.openCount());
            assertEquals(List.of("b", "a", "none"), List.copyOf(file.tensors().keySet()));
            assertEquals(Map.of("format", "pt"), file.metadata());
            StoredTensor b = file.tensor("b").orElseThrow();
            assertEquals(new TensorSpec("b", StoredType.BF16, List.of(2L, 3L)), b.spec());
            assertEquals(12, b.data().byteSize());
            assertEquals(4, b.data().get(ValueLayout.JAVA_BYTE, 0));
            assertEquals(Float.intBitsToFloat(0x0706_0000), b.floatAt(1));
            assertEquals(
                    Float.intBitsToFloat(0x0302_0100),
                    file.tensor("a").orElseThrow().floatAt(0));
            assertEquals(0, file.tensor("none").orElseThrow().data().byteSize());
            assertTrue(file.tensor("c").isEmpty());
            assertTrue(b.data().isReadOnly());
        }
    }

    @Test
    void aClosedFileCannotBeReadAnyMore() {
        Path path = TestFiles.write(directory.resolve("x.safetensors"), TestFiles.safetensors(GOOD, 16));
        SafetensorsFile file = SafetensorsFile.open(path);
        StoredTensor tensor = file.tensor("b").orElseThrow();
        file.close();
        file.close();
        assertThrows(IllegalStateException.class, () -> tensor.floatAt(0));
    }

    @Test
    void halfPrecisionIsExactAndOtherTypesAreRefused() {
        String header = "{'h': {'dtype': 'F16', 'shape': [2], 'data_offsets': [0, 4]}, "
                + "'i': {'dtype': 'I8', 'shape': [1], 'data_offsets': [4, 5]}}";
        Path path = TestFiles.write(directory.resolve("x.safetensors"), TestFiles.safetensors(header, 5));
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertEquals(
                    Float.float16ToFloat((short) 0x0302),
                    file.tensor("h").orElseThrow().floatAt(1));
            StoredTensor bytes = file.tensor("i").orElseThrow();
            assertTrue(assertThrows(IllegalStateException.class, () -> bytes.floatAt(0))
                    .getMessage()
                    .endsWith("tensor i has type I8; accepted: F32, F16, BF16"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`{'a': {'dtype': 'F31', 'shape': [1], 'data_offsets': [0, 4]}}` | tensor a, dtype is F31; accepted: BOOL,",
                "`{'a': {'dtype': 4, 'shape': [1], 'data_offsets': [0, 4]}}` | tensor a, dtype is VALUE_NUMBER_INT; accepted:",
                "`{'a': {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 4]}}` | [0, 4] for 4 bytes; accepted: 8 bytes for",
                "`{'a': {'dtype': 'F32', 'shape': [-1], 'data_offsets': [0, 4]}}` | tensor a, shape is with the number -1;",
                "`{'a': {'dtype': 'F32', 'shape': [1.0], 'data_offsets': [0, 4]}}` | tensor a, shape is VALUE_NUMBER_FLOAT;",
                "`{'a': {'dtype': 'F32', 'shape': [9223372036854775808], 'data_offsets': [0, 4]}}` | tensor a, shape is with",
                "`{'a': {'dtype': 'F32', 'shape': [4294967296, 4294967296], 'data_offsets': [0, 4]}}` | more than 2^63 bits",
                "`{'a': {'dtype': 'F4', 'shape': [1], 'data_offsets': [0, 4]}}` | has 4 bits; accepted: whole bytes",
                "`{'a': {'dtype': 'F32', 'shape': [1], 'data_offsets': [4, 0]}}` | [4, 0]; accepted: begin <= end <= 4",
                "`{'a': {'dtype': 'F32', 'shape': [1], 'data_offsets': [-4, 0]}}` | tensor a, data_offsets is with the number",
                "`{'a': {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8]}}` | [0, 8]; accepted: begin <= end <= 4",
                "`{'a': {'dtype': 'F32', 'shape': [1], 'data_offsets': [0]}}` | tensor a, data_offsets is an array of 1;",
                "`{'a': {'dtype': 'U8', 'shape': [3], 'data_offsets': [1, 4]}}` | tensor a leaves a gap, it begins at 1;",
                "`{'a': {'dtype': 'U8', 'shape': [3], 'data_offsets': [0, 3]}}` | has 4 bytes of data; accepted: 3",
                "`{'a': {'dtype': 'F32', 'shape': [1]}}` | tensor a is incomplete; accepted: dtype, shape and data_offsets",
                "`{'a': {'dtype': 'F32', 'more': 1}}` | tensor a is with the key more; accepted: dtype, shape and",
                "`{'a': 3}` | tensor a is VALUE_NUMBER_INT; accepted: an object",
                "`{'__metadata__': {'x': 1}}` | __metadata__.x is VALUE_NUMBER_INT; accepted: a text",
                "`{'a': {'dtype': 'F32', 'shape': [1], 'data_offsets': [0, 4]}, 'a': {}}` | not JSON: Duplicate field 'a'",
                "`[]` | the header is START_ARRAY; accepted: an object",
                "`{} {}` | what follows the header is START_OBJECT; accepted: spaces",
                "`{'a': ` | the header is not JSON",
                "`  ` | the header is cut short; accepted: an object",
            })
    void theSentenceNamesFileTensorActualAndAccepted(String header, String expected) {
        Path path = TestFiles.write(directory.resolve("x.safetensors"), TestFiles.safetensors(header, 4));
        refused(path, expected);
    }

    @Test
    void overlappingTensorsAreRefused() {
        String header = "{'a': {'dtype': 'U8', 'shape': [3], 'data_offsets': [0, 3]}, "
                + "'b': {'dtype': 'U8', 'shape': [2], 'data_offsets': [2, 4]}}";
        Path path = TestFiles.write(directory.resolve("x.safetensors"), TestFiles.safetensors(header, 4));
        refused(path, "tensor b overlaps another, it begins at 2; accepted: 3");
    }

    @Test
    void aHeaderThatIsNotUtf8IsRefused() {
        byte[] header = "{'?': {}}".replace('\'', '"').getBytes(StandardCharsets.ISO_8859_1);
        header[2] = (byte) 0xFF;
        refused(TestFiles.write(directory.resolve("x.safetensors"), TestFiles.safetensors(header, 4)), "is not UTF-8");
    }

    @Test
    void aMissingFileAndAFolderAreRefused() {
        refused(directory.resolve("x.safetensors"), "does not exist; accepted: a readable safetensors file");
        refused(directory, "cannot be mapped");
    }

    private static void refused(Path path, String expected) {
        String message = assertThrows(CheckpointException.class, () -> SafetensorsFile.open(path))
                .getMessage();
        assertTrue(message.startsWith(path.toString()), message);
        assertTrue(message.contains(expected), message);
        assertTrue(message.contains("; accepted: "), message);
    }
}
