package dev.filigree.cuda.ops;

import dev.filigree.api.backend.Reason;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.Add;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.op.Argmax;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.Embedding;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvCopy;
import dev.filigree.api.op.KvDequantize;
import dev.filigree.api.op.KvEvict;
import dev.filigree.api.op.LayerNorm;
import dev.filigree.api.op.Linear;
import dev.filigree.api.op.LoraApply;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.op.MergeStates;
import dev.filigree.api.op.Modulate;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.op.PageStats;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.RmsNorm;
import dev.filigree.api.op.Rope;
import dev.filigree.api.op.Sample;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.op.SwiGlu;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One chooser per op. The switch has no default: an op that is added does not compile without one. */
public final class Choosers {
    /** Axes that an entry of the tensor table has room for. */
    public static final int MAX_RANK = 4;

    private Choosers() {}

    /** The launches of an op at the capacities of its tensors, or the reasons against. */
    public static Choice choose(Op op, Tensors tensors, DeviceTraits device) {
        List<TensorRef> all = new ArrayList<>(op.inputs());
        all.addAll(op.outputs());
        List<Reason> reasons = new ArrayList<>();
        for (TensorRef ref : all) {
            TensorDecl decl = tensors.get(ref);
            if (decl.rank() > MAX_RANK) {
                reasons.add(
                        Reason.of(Reason.Kind.SHAPE, "tensor " + decl + " must have at most " + MAX_RANK + " axes"));
            }
        }
        return reasons.isEmpty() ? chooseFor(op, tensors, device) : new Choice.Refused(reasons);
    }

    private static Choice chooseFor(Op op, Tensors tensors, DeviceTraits device) {
        return switch (op) {
            case DenseAttention o ->
                HopperPrefill.dense(o, tensors, device).orElseGet(() -> AttentionOps.dense(o, tensors, device));
            case StreamingAttention o ->
                HopperPrefill.streaming(o, tensors, device).orElseGet(() -> AttentionOps.streaming(o, tensors, device));
            case BlockSparseAttention o ->
                HopperPrefill.blockSparse(o, tensors, device)
                        .orElseGet(() -> AttentionOps.blockSparse(o, tensors, device));
            case PagedAttention o ->
                HopperDecode.decode(o, tensors, device)
                        .or(() -> HopperPagedPrefill.prefill(o, tensors, device))
                        .orElseGet(() -> AttentionOps.paged(o, tensors, device));
            case MergeStates o -> AttentionOps.merge(o, tensors, device);
            case AntidiagonalScore o ->
                HopperSelection.score(o, tensors, device)
                        .orElseGet(() -> AttentionOps.antidiagonal(o, tensors, device));
            case BlockSelect o ->
                HopperSelection.select(o, tensors, device).orElseGet(() -> CacheOps.blockSelect(o, tensors, device));
            case PageStats o -> CacheOps.stats(o, tensors, device);
            case PageScore o ->
                HopperPageScore.score(o, tensors, device).orElseGet(() -> CacheOps.score(o, tensors, device));
            case PageSelect o -> CacheOps.select(o, tensors, device);
            case KvAppend o -> CacheOps.append(o, tensors, device);
            case KvDequantize o -> CacheOps.dequantize(o, tensors, device);
            case KvEvict o -> CacheOps.evict(o, tensors, device);
            case KvCopy o -> CacheOps.copy(o, tensors, device);
            case Linear o ->
                HopperMatmul.linear(o, tensors, device).orElseGet(() -> LinearOps.linear(o, tensors, device));
            case ActivationQuantize o -> LinearOps.quantize(o, tensors, device);
            case LowBitLinear o ->
                HopperMatmul.lowBit(o, tensors, device)
                        .or(() -> HopperFewTokens.product(o, Optional.empty(), tensors, device))
                        .or(() -> HopperLowBit.product(o, tensors, device))
                        .orElseGet(() -> LinearOps.lowBit(o, tensors, device));
            case LowRankDown o ->
                HopperBranch.down(o, tensors, device).orElseGet(() -> LinearOps.down(o, tensors, device));
            case LowRankUp o -> HopperBranch.up(o, tensors, device).orElseGet(() -> LinearOps.up(o, tensors, device));
            case LoraApply o -> LinearOps.lora(o, tensors, device);
            case Embedding o -> RowOps.embedding(o, tensors, device);
            case RmsNorm o -> RowOps.rmsNorm(o, tensors, device);
            case LayerNorm o -> RowOps.layerNorm(o, tensors, device);
            case Modulate o -> RowOps.modulate(o, tensors, device);
            case Rope o -> RowOps.rope(o, tensors, device);
            case SwiGlu o -> RowOps.swiGlu(o, tensors, device);
            case Gelu o -> RowOps.gelu(o, tensors, device);
            case Add o -> RowOps.add(o, tensors, device);
            case Argmax o -> RowOps.argmax(o, tensors, device);
            case Sample o -> RowOps.sample(o, tensors, device);
        };
    }
}
