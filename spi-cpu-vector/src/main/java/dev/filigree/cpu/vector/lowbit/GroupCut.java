package dev.filigree.cpu.vector.lowbit;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The depth of a product cut into segments: each lies in one group of the weight, in one group of the activations and in
 * one slice of the packed panel, and is so short that its sum of integer products is exact in f32.
 */
final class GroupCut {
    /** Depth of one packed panel; a multiple of every group that is a power of two. */
    static final int SLICE = 1024;

    private static final int EXACT = 1 << 24;

    /**
     * A segment.
     *
     * @param from first column
     * @param to column after the last
     * @param xGroup group of the activations
     * @param wGroup group of the weight
     * @param ends whether the pair of groups ends here
     */
    record Segment(int from, int to, int xGroup, int wGroup, boolean ends) {}

    private final int depth;
    private final Segment[] segments;
    private final boolean integers;

    GroupCut(int depth, QuantFormat weight, Optional<QuantFormat> activation) {
        this.depth = depth;
        int w = weight.groupSize() == 0 ? depth : weight.groupSize();
        int x = activation.map(QuantFormat::groupSize).orElse(0) == 0
                ? depth
                : activation.orElseThrow().groupSize();
        List<Segment> cut = new ArrayList<>();
        boolean carries = false;
        for (int from = 0; from < depth; ) {
            int pairEnd = Math.min(depth, Math.min((from / w + 1) * w, (from / x + 1) * x));
            int to = Math.min(pairEnd, (from / SLICE + 1) * SLICE);
            carries |= to < pairEnd;
            cut.add(new Segment(from, to, from / x, from / w, to == pairEnd));
            from = to;
        }
        segments = cut.toArray(new Segment[0]);
        boolean whole = weight.codes() != DType.E2M1
                && activation.isPresent()
                && activation.get().codes() != DType.E2M1;
        integers =
                carries && whole && (long) largest(weight) * largest(activation.orElseThrow()) * Math.min(w, x) > EXACT;
    }

    /** Imported codes may use the whole range of their bits. */
    private static int largest(QuantFormat format) {
        return format.codes() == DType.I4 ? 8 : format.codes() == DType.I8 ? 128 : format.maxMagnitude();
    }

    int depth() {
        return depth;
    }

    Segment[] segments() {
        return segments;
    }

    /** Whether a pair of groups may have a sum past 2^24, so that segments must be added as integers. */
    boolean needsIntegers() {
        return integers;
    }

    /** Whether every segment begins at a whole vector of that many lanes. */
    boolean isAligned(int lanes) {
        for (Segment segment : segments) {
            if (segment.from() % lanes != 0) {
                return false;
            }
        }
        return true;
    }
}
