package dev.filigree.cpu.vector.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.convert.Narrow;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.elementwise.Exp2;
import dev.filigree.cpu.vector.elementwise.Scale;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/** Moves query rows into a {@link RowBlock} and finished rows out of it. Addresses and byte strides of the current run. */
public final class QueryRows {
    private final AttentionShape shape;
    private long q;
    private long qTokenStride;
    private long qHeadStride;
    private long out;
    private long outTokenStride;
    private long outHeadStride;
    private long lse;
    private long lseTokenStride;
    private long lseHeadStride;

    QueryRows(AttentionShape shape) {
        this.shape = shape;
    }

    /** Points at {@code [numTokens, numQoHeads, headDimQk]}. */
    public void queries(long address, long tokenStride, long headStride) {
        q = address;
        qTokenStride = tokenStride;
        qHeadStride = headStride;
    }

    /** Points at {@code [numTokens, numQoHeads, headDimVo]}. */
    public void outs(long address, long tokenStride, long headStride) {
        out = address;
        outTokenStride = tokenStride;
        outHeadStride = headStride;
    }

    /** Points at {@code [numTokens, numQoHeads]} f32. */
    public void lses(long address, long tokenStride, long headStride) {
        lse = address;
        lseTokenStride = tokenStride;
        lseHeadStride = headStride;
    }

    /** Fetches what {@link #load} reads and {@link #store} writes for some neighbouring tokens of a head. */
    int fetch(long token, int head, int tokens) {
        return Sweep.rows(
                        q + token * qTokenStride + head * qHeadStride,
                        qTokenStride,
                        tokens,
                        shape.headDimQk() * shape.query().bytes())
                | Sweep.rows(
                        out + token * outTokenStride + head * outHeadStride,
                        outTokenStride,
                        tokens,
                        shape.headDimVo() * shape.out().bytes());
    }

    /** Loads one query into row {@code row}, scaled so that scores come out in units of log2. */
    void load(long token, int head, RowBlock block, int row, long work) {
        long to = work + block.queriesAt + row * block.queryStride;
        Widen.copy(shape.query(), q + token * qTokenStride + head * qHeadStride, to, shape.headDimQk());
        Scale.inPlace(to, shape.headDimQk(), shape.scale() * Exp2.LOG2_E);
    }

    /** Normalises row {@code row} and stores it with its lse. */
    void store(long token, int head, RowBlock block, int row, long work) {
        MemorySegment all = Memory.all();
        float max = all.get(JAVA_FLOAT, work + block.maximaAt + 4L * row);
        float sum = all.get(JAVA_FLOAT, work + block.sumsAt + 4L * row);
        long from = work + block.outsAt + row * block.outStride;
        if (sum == 0f) { // no key, or none with any weight
            Clear.fill(from, shape.headDimVo(), 0f);
        } else {
            Scale.inPlace(from, shape.headDimVo(), 1f / sum);
        }
        Narrow.copy(shape.out(), from, out + token * outTokenStride + head * outHeadStride, shape.headDimVo());
        float log = sum == 0f ? Float.NEGATIVE_INFINITY : (float) (max * Exp2.LN_2 + Math.log(sum));
        all.set(JAVA_FLOAT_UNALIGNED, lse + token * lseTokenStride + head * lseHeadStride, log);
    }
}
