package dev.filigree.integration.fuzz;

import dev.filigree.host.checkpoint.StoredType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Small good safetensors files, full of zeros. */
final class SafetensorsSeeds {
    private SafetensorsSeeds() {}

    /**
     * A file.
     *
     * @param metadata JSON of the metadata, empty for none
     * @param tensors each as {@code NAME TYPE SIZExSIZE}
     */
    static byte[] of(String metadata, String... tensors) {
        StringBuilder header = new StringBuilder("{");
        if (!metadata.isEmpty()) {
            header.append("\"__metadata__\":").append(metadata).append(tensors.length > 0 ? "," : "");
        }
        int end = 0;
        for (int i = 0; i < tensors.length; i++) {
            String[] parts = tensors[i].split(" ");
            String[] shape = parts[2].split("x");
            int bytes = StoredType.valueOf(parts[1]).bits() / 8;
            int start = end;
            end += Arrays.stream(shape).mapToInt(Integer::parseInt).reduce(bytes, (a, b) -> a * b);
            header.append(i > 0 ? "," : "")
                    .append("\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
                            .formatted(parts[0], parts[1], String.join(",", shape), start, end));
        }
        return file(header.append('}').toString(), end);
    }

    static byte[] shard(String... names) {
        return of(
                "{\"format\":\"pt\"}",
                Arrays.stream(names).map(name -> name + " F32 2x4").toArray(String[]::new));
    }

    static byte[] quantized() {
        return of("{\"filigree.linears\":\"{}\"}", "w U8 3x5", "e BF16 0");
    }

    private static byte[] file(String header, int dataBytes) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .array();
    }

    /** The packed form: header, bytes at even and at odd offsets of the data. */
    static byte[] packed(byte[] file) {
        int start =
                8 + (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            put(zip, "header");
            zip.write(file, 0, start);
            for (int half = 0; half < 2; half++) {
                put(zip, half == 0 ? "even" : "odd");
                for (int at = start + half; at < file.length; at += 2) {
                    zip.write(file[at]);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static void put(ZipOutputStream zip, String name) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setTime(0);
        zip.putNextEntry(entry);
    }
}
