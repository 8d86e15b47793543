package dev.filigree.host.picture;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/**
 * PNG files of 8-bit RGB (PNG specification, sections 5 and 11). The writer of the JDK belongs to the desktop module, which
 * a server's runtime need not have.
 */
public final class PngWriter {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final byte BITS = 8;
    private static final byte RGB = 2;

    private PngWriter() {}

    /**
     * Writes a picture.
     *
     * @throws IOException if the file cannot be written
     */
    public static void write(Picture picture, Path file) throws IOException {
        Files.write(file, bytes(picture));
    }

    /** The content of the file. */
    public static byte[] bytes(Picture picture) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(SIGNATURE);
        ByteBuffer header = ByteBuffer.allocate(13);
        header.putInt(picture.width()).putInt(picture.height());
        // deflate, no filter of the whole, no interlacing
        header.put(BITS).put(RGB).put((byte) 0).put((byte) 0).put((byte) 0);
        chunk(out, "IHDR", header.array());
        chunk(out, "IDAT", deflated(picture));
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    /** Rows of pixels, each after the number of its filter: 2, the difference to the row above. */
    private static byte[] deflated(Picture picture) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int rowBytes = Picture.CHANNELS * picture.width();
        byte[] above = new byte[rowBytes];
        byte[] row = new byte[rowBytes];
        Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
        try (DeflaterOutputStream out = new DeflaterOutputStream(bytes, deflater)) {
            for (int y = 0; y < picture.height(); y++) {
                out.write(2);
                for (int i = 0; i < rowBytes; i++) {
                    row[i] = (byte) picture.level(i % Picture.CHANNELS, y, i / Picture.CHANNELS);
                    above[i] = (byte) (row[i] - above[i]);
                }
                out.write(above);
                System.arraycopy(row, 0, above, 0, rowBytes);
            }
        } catch (IOException e) {
            throw new IllegalStateException("memory cannot be written", e);
        } finally {
            deflater.end();
        }
        return bytes.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream out, String kind, byte[] content) {
        byte[] name = kind.getBytes(StandardCharsets.US_ASCII);
        CRC32 checksum = new CRC32();
        checksum.update(name);
        checksum.update(content);
        out.writeBytes(ByteBuffer.allocate(4).putInt(content.length).array());
        out.writeBytes(name);
        out.writeBytes(content);
        out.writeBytes(ByteBuffer.allocate(4).putInt((int) checksum.getValue()).array());
    }
}
