package dev.filigree.vulkan.ops;

import dev.filigree.api.op.*;
import dev.filigree.api.plan.Axes;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.vulkan.device.Matrices;
import dev.filigree.vulkan.device.PhysicalDevice;
import dev.filigree.vulkan.launch.Launch;
import java.util.List;

/** The launches of every op. */
public final class Recipes {
    private Recipes() {}

    /**
     * The launches of one op, in order.
     *
     * @param device what they run on
     */
    public static List<Launch> of(Op op, Tensors tensors, PhysicalDevice device) {
        Matrices matrices = device.matrices();
        return switch (op) {
            case DenseAttention a -> List.of(AttentionRecipes.dense(a, tensors, matrices));
            case StreamingAttention a -> List.of(AttentionRecipes.streaming(a, tensors, matrices));
            case BlockSparseAttention a -> List.of(AttentionRecipes.blockSparse(a, tensors, matrices));
            case PagedAttention a -> PagedRecipes.paged(a, tensors, device);
            case MergeStates m -> List.of(AttentionRecipes.merge(m, tensors));
            case AntidiagonalScore a -> List.of(SelectionRecipes.antidiagonal(a, tensors));
            case BlockSelect b -> List.of(SelectionRecipes.blocks(b, tensors));
            case PageScore p -> List.of(SelectionRecipes.scores(p, tensors));
            case PageSelect p -> List.of(SelectionRecipes.pages(p, tensors));
            case PageStats p -> List.of(CacheRecipes.stats(p, tensors));
            case KvAppend k -> CacheRecipes.append(k, tensors);
            case KvDequantize k -> List.of(CacheRecipes.dequantize(k, tensors));
            case KvEvict k -> List.of(CacheRecipes.evict(k, tensors));
            case KvCopy k -> List.of(CacheRecipes.copy(k, tensors));
            case Linear l -> List.of(LinearRecipes.linear(l, tensors, matrices));
            case LowBitLinear l -> List.of(LinearRecipes.lowBit(l, tensors));
            case ActivationQuantize a -> List.of(LinearRecipes.quantize(a, tensors));
            case LowRankDown l ->
                List.of(LinearRecipes.down(l.x(), l.down(), tensors).tensor("hiddenRank", l.hiddenRank()));
            case LowRankUp l -> List.of(LinearRecipes.up(l, tensors));
            case LoraApply l -> LinearRecipes.lora(l, tensors);
            case Embedding e -> List.of(ElementRecipes.embedding(e, tensors));
            case RmsNorm r -> List.of(ElementRecipes.rmsNorm(r, tensors));
            case LayerNorm l -> List.of(ElementRecipes.layerNorm(l, tensors));
            case Rope r -> List.of(ElementRecipes.rope(r, tensors));
            case SwiGlu s -> List.of(ElementRecipes.swiGlu(s, tensors));
            case Gelu g -> List.of(ElementRecipes.gelu(g, tensors));
            case Add a -> List.of(ElementRecipes.add(a, tensors));
            case Modulate m -> List.of(ElementRecipes.modulate(m, tensors));
            case Argmax a -> List.of(ElementRecipes.argmax(a, tensors));
            case Sample s -> List.of(ElementRecipes.sample(s, tensors));
        };
    }

    /** The outermost extent of a tensor in a run. */
    static long rows(Tensors tensors, TensorRef ref, Axes axes) {
        return tensors.get(ref).dims().get(0).extent(axes);
    }
}
