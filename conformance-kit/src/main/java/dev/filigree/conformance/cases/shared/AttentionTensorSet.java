package dev.filigree.conformance.cases.shared;

import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.problem.ProblemBuilder;

/**
 * The tensors of an attention step over contiguous keys, declared and filled.
 *
 * @param q queries
 * @param k keys
 * @param v values
 * @param qOffsets where each sequence's queries start
 * @param kvOffsets where each sequence's keys start
 * @param out outputs
 * @param lse logarithms of denominators
 */
public record AttentionTensorSet(
        TensorRef q, TensorRef k, TensorRef v, TensorRef qOffsets, TensorRef kvOffsets, TensorRef out, TensorRef lse) {

    /** Declares the tensors of some data. */
    public static AttentionTensorSet declare(ProblemBuilder builder, AttentionData data) {
        AttentionShape shape = data.shape();
        DType dtype = shape.dtype();
        Dim numKvTokens = builder.axis("numKvTokens", shape.numKvTokens());
        Dim kvHeads = Dim.fixed("numKvSlots", shape.numKvHeads());
        TensorRef q = queries(builder, data);
        TensorRef k = builder.input(
                "k",
                dtype,
                shape.layout(),
                data.packedK(),
                numKvTokens,
                kvHeads,
                Dim.fixed("headDimQk", shape.headDimQk()));
        TensorRef v = builder.input(
                "v",
                dtype,
                shape.layout(),
                data.packedV(),
                numKvTokens,
                kvHeads,
                Dim.fixed("headDimVo", shape.headDimVo()));
        TensorRef qOffsets = qOffsets(builder, shape);
        TensorRef kvOffsets = builder.ints(
                "kvOffsets",
                AttentionShape.offsets(shape.kvLengths()),
                builder.axis("numSeqs", shape.numSeqs()).plusOne());
        builder.workload(shape.numSeqs(), shape.numTokens(), shape.maxKvLength());
        return new AttentionTensorSet(
                q, k, v, qOffsets, kvOffsets, out(builder, shape, "out"), lse(builder, shape, "lse"));
    }

    /** Declares the queries alone. */
    public static TensorRef queries(ProblemBuilder builder, AttentionData data) {
        AttentionShape shape = data.shape();
        return builder.input(
                "q",
                shape.dtype(),
                shape.layout(),
                data.packedQ(),
                builder.axis("numTokens", shape.numTokens()),
                Dim.fixed("numQoHeads", shape.numQoHeads()),
                Dim.fixed("headDimQk", shape.headDimQk()));
    }

    /** Declares the query offsets alone. */
    public static TensorRef qOffsets(ProblemBuilder builder, AttentionShape shape) {
        return builder.ints(
                "qOffsets",
                AttentionShape.offsets(shape.qLengths()),
                builder.axis("numSeqs", shape.numSeqs()).plusOne());
    }

    /** Declares an output. */
    public static TensorRef out(ProblemBuilder builder, AttentionShape shape, String name) {
        return builder.output(
                name,
                shape.dtype(),
                builder.axis("numTokens", shape.numTokens()),
                Dim.fixed("numQoHeads", shape.numQoHeads()),
                Dim.fixed("headDimVo", shape.headDimVo()));
    }

    /** Declares an lse. */
    public static TensorRef lse(ProblemBuilder builder, AttentionShape shape, String name) {
        return builder.output(
                name,
                DType.F32,
                builder.axis("numTokens", shape.numTokens()),
                Dim.fixed("numQoHeads", shape.numQoHeads()));
    }
}
