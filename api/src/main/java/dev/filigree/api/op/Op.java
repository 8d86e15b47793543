package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.List;

/**
 * One step of a plan. The list of ops is closed: a backend is judged on exactly these, and the scalar reference
 * backend defines what each means. Components are either parameters fixed when the plan is made or names of
 * tensors.
 *
 * <p>Rules that hold for every op:
 *
 * <ul>
 *   <li>A call over 0 tokens or 0 sequences writes nothing and succeeds.
 *   <li>Outputs do not overlap inputs unless the op says that it may work in place.
 *   <li>Sums, softmax and normalisation are computed in fp32 or better, whatever the storage dtype.
 *   <li>A NaN in an input row reaches the output rows that depend on it, and no others.
 * </ul>
 */
public sealed interface Op
        permits DenseAttention,
                StreamingAttention,
                BlockSparseAttention,
                PagedAttention,
                MergeStates,
                AntidiagonalScore,
                BlockSelect,
                PageStats,
                PageScore,
                PageSelect,
                KvAppend,
                KvDequantize,
                KvEvict,
                KvCopy,
                Linear,
                ActivationQuantize,
                LowBitLinear,
                LowRankDown,
                LowRankUp,
                LoraApply,
                Embedding,
                RmsNorm,
                LayerNorm,
                Rope,
                SwiGlu,
                Gelu,
                Add,
                Modulate,
                Argmax,
                Sample {

    /** The op's name: that of its record. */
    default String opName() {
        return getClass().getSimpleName();
    }

    /** Tensors the op reads. */
    List<TensorRef> inputs();

    /** Tensors the op writes; a tensor that is read and written stands here. */
    List<TensorRef> outputs();

    /**
     * Checks dtypes and extents of the op's tensors.
     *
     * @throws PlanException naming the op and the tensor, with actual and accepted values
     */
    void check(Tensors tensors);

    /** What the op costs on paper. */
    Cost cost(Tensors tensors, Workload workload);
}
