package dev.filigree.host.checkpoint;

import dev.filigree.host.json.Quote;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a safetensors file: 8 bytes length, little-endian, then that much JSON, then the data, which the tensors
 * cover without gap or overlap (format description of the safetensors project).
 *
 * @param tensors the tensors by name, in header order
 * @param metadata the texts under {@code __metadata__}
 * @param dataStart where the data begins, in bytes from the start of the file
 */
record SafetensorsHeader(Map<String, Extent> tensors, Map<String, String> metadata, long dataStart) {
    /** The largest header the format allows, in bytes. */
    static final long MAX_HEADER_BYTES = 100_000_000;

    static final int LENGTH_BYTES = 8;

    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** A tensor's place: bytes {@code [begin, end)} of the data. */
    record Extent(TensorSpec spec, long begin, long end) {}

    /**
     * Reads and checks a header.
     *
     * @throws CheckpointException if anything in it does not fit the format or the file's size
     */
    static SafetensorsHeader read(Path file, MemorySegment bytes) {
        if (bytes.byteSize() < LENGTH_BYTES) {
            throw new CheckpointException(
                    file + " has " + bytes.byteSize() + " bytes; accepted: a safetensors file, at least 10 bytes");
        }
        long length = bytes.get(LENGTH, 0);
        long most = Math.min(MAX_HEADER_BYTES, bytes.byteSize() - LENGTH_BYTES);
        if (length < 2 || length > most) {
            throw new CheckpointException(file + " gives its header " + length + " bytes; accepted: 2 to " + most
                    + " (the file has " + bytes.byteSize() + " bytes)");
        }
        long dataStart = LENGTH_BYTES + length;
        SafetensorsHeaderParser parser = new SafetensorsHeaderParser(file, bytes.byteSize() - dataStart);
        parser.parse(bytes.asSlice(LENGTH_BYTES, length));
        SafetensorsHeader header = new SafetensorsHeader(parser.tensors(), parser.metadata(), dataStart);
        header.checkCoverage(file, bytes.byteSize() - dataStart);
        return header;
    }

    private void checkCoverage(Path file, long dataBytes) {
        List<Extent> byPlace = new ArrayList<>(tensors.values());
        byPlace.sort(Comparator.comparingLong(Extent::begin).thenComparingLong(Extent::end));
        long covered = 0;
        for (Extent extent : byPlace) {
            if (extent.begin() != covered) {
                throw new CheckpointException(file + ": tensor "
                        + Quote.name(extent.spec().name())
                        + (extent.begin() < covered
                                ? " overlaps another, it begins at "
                                : " leaves a gap, it begins at ")
                        + extent.begin() + "; accepted: " + covered + ", where the tensor before it ends");
            }
            covered = extent.end();
        }
        if (covered != dataBytes) {
            throw new CheckpointException(file + " has " + dataBytes + " bytes of data; accepted: " + covered
                    + ", where the last tensor ends");
        }
    }

    /** Places for these tensors, one after the other. */
    static Map<String, Extent> layOut(List<TensorSpec> specs) {
        List<TensorSpec> ordered = new ArrayList<>(specs);
        // wide elements first: then every tensor is aligned to its element size
        ordered.sort(Comparator.comparingInt((TensorSpec spec) -> -spec.type().bits())
                .thenComparing(TensorSpec::name));
        Map<String, Extent> extents = new LinkedHashMap<>();
        long end = 0;
        for (TensorSpec spec : ordered) {
            long begin = end;
            end = Math.addExact(begin, spec.numBytes());
            if (extents.put(spec.name(), new Extent(spec, begin, end)) != null) {
                throw new IllegalArgumentException(
                        "tensor " + Quote.name(spec.name()) + " is given twice; accepted: one of each name");
            }
        }
        return extents;
    }
}
