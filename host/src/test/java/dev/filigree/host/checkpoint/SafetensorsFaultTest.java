package dev.filigree.host.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged files: always a {@link CheckpointException} or a file whose every byte can be read, never anything open after. */
final class SafetensorsFaultTest {
    @TempDir
    Path directory;

    private Path file;
    private byte[] good;

    @BeforeEach
    void writeAGoodFile() throws IOException {
        file = directory.resolve("model.safetensors");
        TestFiles.writeWeights(
                file,
                List.of(
                        new TensorSpec("first", StoredType.F32, List.of(3L, 5L)),
                        new TensorSpec("second \u00E9", StoredType.BF16, List.of(7L)),
                        new TensorSpec("third", StoredType.U8, List.of(0L)),
                        new TensorSpec("fourth", StoredType.F8_E4M3, List.of(2L, 2L, 2L))));
        good = Files.readAllBytes(file);
        assertTrue(opens());
    }

    @Test
    void aFileCutAnywhereIsRefused() {
        for (int length = 0; length < good.length; length++) {
            TestFiles.write(file, Arrays.copyOf(good, length));
            assertFalse(opens(), "cut to " + length);
        }
        TestFiles.write(file, Arrays.copyOf(good, good.length + 1));
        assertFalse(opens(), "one byte more");
    }

    @Test
    void tenThousandDamagedHeadersAreRefusedOrRead() {
        Random random = new Random(20);
        int headerEnd =
                8 + (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        int refused = 0;
        for (int run = 0; run < 10_000; run++) {
            byte[] bad = good.clone();
            for (int flip = 0; flip <= run % 4; flip++) {
                int at = run % 8 == 0 ? random.nextInt(8) : random.nextInt(headerEnd);
                bad[at] ^= (byte) (1 << random.nextInt(8));
            }
            TestFiles.write(file, bad);
            refused += opens() ? 0 : 1;
        }
        // flips in names, in padding and in metadata leave a valid file
        assertTrue(refused > 5_000 && refused < 10_000, "refused " + refused);
    }

    @Test
    void everyCharacterOfTheHeaderMayTurnIntoAnother() {
        int headerEnd =
                8 + (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        int refused = 0;
        for (int at = 8; at < headerEnd; at++) {
            for (char c : "{}[]\",:09-e. \\\u0000\u00FF".toCharArray()) {
                byte[] bad = good.clone();
                bad[at] = (byte) c;
                TestFiles.write(file, bad);
                refused += opens() ? 0 : 1;
            }
        }
        assertTrue(refused > 1_000, "refused " + refused);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, 100_000_001, 1L << 32, 1L << 48})
    void headerLengthsOutOfRangeAreRefusedWithBothNumbers(long length) {
        byte[] bad = good.clone();
        ByteBuffer.wrap(bad).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
        TestFiles.write(file, bad);
        String message = assertThrows(CheckpointException.class, () -> SafetensorsFile.open(file))
                .getMessage();
        assertTrue(message.contains("gives its header " + length + " bytes; accepted: 2 to "), message);
    }

    @Test
    void hugeHeadersDoNotFillTheMemory() throws IOException {
        // a sparse file: 100 MB of zero bytes as header is within the format's limit
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer start =
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, 100_000_000);
            channel.write(start, 0);
            channel.write(ByteBuffer.allocate(1), 8 + 100_000_000L);
        }
        assertFalse(opens());
        for (String opening : List.of("[", "{\"a\":", "{\"a\":{\"shape\":[", "\"")) {
            String header = opening.equals("\"") ? "\"" + "x".repeat(5_000_000) : opening.repeat(1_000_000);
            TestFiles.write(file, TestFiles.safetensors(header, 0));
            assertFalse(opens(), opening);
        }
        TestFiles.write(file, TestFiles.safetensors("{\"a\":{\"shape\":[" + "1,".repeat(1_000_000) + "1]}}", 0));
        assertFalse(opens());
    }

    /** Whether the file opens; then every byte of it is read, and closing leaves nothing open either way. */
    private boolean opens() {
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            for (StoredTensor tensor : opened.tensors().values()) {
                assertEquals(tensor.spec().numBytes(), tensor.data().byteSize());
                for (long i = 0; i < tensor.data().byteSize(); i++) {
                    tensor.data().get(ValueLayout.JAVA_BYTE, i);
                }
            }
            return true;
        } catch (CheckpointException e) {
            assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
            assertTrue(e.getMessage().contains("accepted: "), e.getMessage());
            return false;
        } finally {
            assertEquals(0, MappedFile.openCount());
        }
    }
}
