package dev.filigree.host.picture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files are read back chunk by chunk, as the specification says, by code that shares nothing with the writer. */
class PngWriterTest {
    @TempDir
    private Path folder;

    private static Picture random(int width, int height, long seed) {
        Random random = new Random(seed);
        float[] values = new float[3 * width * height];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat(-1.2f, 1.2f);
        }
        return new Picture(width, height, values);
    }

    private static Map<String, byte[]> chunks(byte[] file) {
        ByteBuffer bytes = ByteBuffer.wrap(file);
        assertEquals(0x89504e470d0a1a0aL, bytes.getLong());
        Map<String, byte[]> chunks = new LinkedHashMap<>();
        while (bytes.hasRemaining()) {
            byte[] content = new byte[bytes.getInt()];
            byte[] name = new byte[4];
            bytes.get(name).get(content);
            CRC32 checksum = new CRC32();
            checksum.update(name);
            checksum.update(content);
            assertEquals((int) checksum.getValue(), bytes.getInt());
            chunks.put(new String(name, StandardCharsets.US_ASCII), content);
        }
        return chunks;
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 2", "17, 5", "64, 64"})
    void pixelsReadBackAsTheirLevels(int width, int height) throws IOException {
        Picture picture = random(width, height, width);
        Path file = folder.resolve("picture.png");
        PngWriter.write(picture, file);
        Map<String, byte[]> chunks = chunks(Files.readAllBytes(file));
        assertEquals("[IHDR, IDAT, IEND]", chunks.keySet().toString());
        byte[] header = ByteBuffer.allocate(13)
                .putInt(width)
                .putInt(height)
                .put(new byte[] {8, 2, 0, 0, 0})
                .array();
        assertArrayEquals(header, chunks.get("IHDR"));
        byte[] rows = new InflaterInputStream(new ByteArrayInputStream(chunks.get("IDAT"))).readAllBytes();
        assertEquals(height * (1 + 3 * width), rows.length);
        byte[] row = new byte[3 * width];
        for (int y = 0; y < height; y++) {
            int start = y * (1 + 3 * width);
            assertEquals(2, rows[start]);
            for (int i = 0; i < row.length; i++) {
                row[i] += rows[start + 1 + i];
                assertEquals(picture.level(i % 3, y, i / 3), row[i] & 0xff);
            }
        }
    }

    @Test
    void levelsRoundAndStopAtTheEnds() {
        Picture picture = new Picture(2, 1, new float[] {-1, 1, -7, 7, 0, Math.nextUp(-1f)});
        int[] levels = new int[6];
        Arrays.setAll(levels, i -> picture.level(i / 2, 0, i % 2));
        assertArrayEquals(new int[] {0, 255, 0, 255, 128, 0}, levels);
    }
}
