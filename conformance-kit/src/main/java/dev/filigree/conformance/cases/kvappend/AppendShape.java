package dev.filigree.conformance.cases.kvappend;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.shared.PageSpec;
import java.util.List;

/**
 * Extents of an append: a class of heads of a layer with four KV heads.
 *
 * @param past tokens per sequence that are cached already
 * @param fresh tokens per sequence that are appended
 * @param classHeads the heads of the class
 * @param headDimQk width of a key
 * @param headDimVo width of a value
 * @param dtype of k and v
 * @param spec how pages are laid out
 */
@SuppressWarnings("ArrayRecordComponent") // compared by no one
public record AppendShape(
        int[] past, int[] fresh, List<Integer> classHeads, int headDimQk, int headDimVo, DType dtype, PageSpec spec) {
    /** KV heads of the layer. */
    public static final int NUM_KV_HEADS = 4;

    /** Heads 1 and 3, 32 channels, f32. */
    public static AppendShape of(int[] past, int[] fresh, PageSpec spec) {
        return new AppendShape(past, fresh, List.of(1, 3), 32, 32, DType.F32, spec);
    }

    /** Another dtype. */
    public AppendShape dtype(DType other) {
        return new AppendShape(past, fresh, classHeads, headDimQk, headDimVo, other, spec);
    }

    /** Other head dims. */
    public AppendShape dims(int qk, int vo) {
        return new AppendShape(past, fresh, classHeads, qk, vo, dtype, spec);
    }

    /** Other heads. */
    public AppendShape heads(Integer... heads) {
        return new AppendShape(past, fresh, List.of(heads), headDimQk, headDimVo, dtype, spec);
    }

    /** The heads as ops name them. */
    public HeadMap headMap() {
        return HeadMap.byRank(2 * NUM_KV_HEADS, NUM_KV_HEADS, classHeads, classHeads);
    }

    /** Tokens per sequence afterwards. */
    public int[] lengths() {
        int[] lengths = new int[past.length];
        for (int s = 0; s < lengths.length; s++) {
            lengths[s] = past[s] + fresh[s];
        }
        return lengths;
    }

    /** As case parameters. */
    public Params params() {
        return Params.of(
                        "dtype",
                        dtype,
                        "past",
                        past,
                        "fresh",
                        fresh,
                        "heads",
                        classHeads,
                        "dims",
                        headDimQk + "/" + headDimVo)
                .with(spec.params());
    }
}
