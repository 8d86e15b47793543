package dev.filigree.cpu.vector;

import dev.filigree.api.host.HostKernels;
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
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.ops.activationquantize.ActivationQuantizeVector;
import dev.filigree.cpu.vector.ops.add.AddVector;
import dev.filigree.cpu.vector.ops.antidiagonalscore.AntidiagonalScoreVector;
import dev.filigree.cpu.vector.ops.argmax.ArgmaxVector;
import dev.filigree.cpu.vector.ops.blockselect.BlockSelectVector;
import dev.filigree.cpu.vector.ops.blocksparseattention.BlockSparseAttentionVector;
import dev.filigree.cpu.vector.ops.denseattention.DenseAttentionVector;
import dev.filigree.cpu.vector.ops.embedding.EmbeddingVector;
import dev.filigree.cpu.vector.ops.gelu.GeluVector;
import dev.filigree.cpu.vector.ops.kvappend.KvAppendVector;
import dev.filigree.cpu.vector.ops.kvcopy.KvCopyVector;
import dev.filigree.cpu.vector.ops.kvdequantize.KvDequantizeVector;
import dev.filigree.cpu.vector.ops.kvevict.KvEvictVector;
import dev.filigree.cpu.vector.ops.layernorm.LayerNormVector;
import dev.filigree.cpu.vector.ops.linear.LinearVector;
import dev.filigree.cpu.vector.ops.loraapply.LoraApplyVector;
import dev.filigree.cpu.vector.ops.lowbitlinear.LowBitLinearVector;
import dev.filigree.cpu.vector.ops.lowrankdown.LowRankDownVector;
import dev.filigree.cpu.vector.ops.lowrankup.LowRankUpVector;
import dev.filigree.cpu.vector.ops.mergestates.MergeStatesVector;
import dev.filigree.cpu.vector.ops.modulate.ModulateVector;
import dev.filigree.cpu.vector.ops.pagedattention.PagedAttentionVector;
import dev.filigree.cpu.vector.ops.pagescore.PageScoreVector;
import dev.filigree.cpu.vector.ops.pageselect.PageSelectVector;
import dev.filigree.cpu.vector.ops.pagestats.PageStatsVector;
import dev.filigree.cpu.vector.ops.rmsnorm.RmsNormVector;
import dev.filigree.cpu.vector.ops.rope.RopeVector;
import dev.filigree.cpu.vector.ops.sample.SampleVector;
import dev.filigree.cpu.vector.ops.streamingattention.StreamingAttentionVector;
import dev.filigree.cpu.vector.ops.swiglu.SwiGluVector;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.util.function.BiFunction;

/** The table of kernels: one line per op, with its scratch and its maker. */
final class VectorKernels {
    private final HostKernels table = new HostKernels();
    private final WorkerPool pool;

    private VectorKernels(WorkerPool pool) {
        this.pool = pool;
    }

    /** A new table of kernels that run on a pool. */
    static HostKernels all(WorkerPool pool) {
        VectorKernels t = new VectorKernels(pool);
        t.add(DenseAttention.class, "dense_attention", DenseAttentionVector::scratch, DenseAttentionVector::new);
        t.add(
                StreamingAttention.class,
                "streaming_attention",
                StreamingAttentionVector::scratch,
                StreamingAttentionVector::new);
        t.add(
                BlockSparseAttention.class,
                "block_sparse_attention",
                BlockSparseAttentionVector::scratch,
                BlockSparseAttentionVector::new);
        t.add(
                AntidiagonalScore.class,
                "antidiagonal_score",
                AntidiagonalScoreVector::scratch,
                AntidiagonalScoreVector::new);
        t.add(BlockSelect.class, "block_select", BlockSelectVector::scratch, BlockSelectVector::new);
        t.add(PagedAttention.class, "paged_attention", PagedAttentionVector::scratch, PagedAttentionVector::new);
        t.add(KvAppend.class, "kv_append", KvAppendVector::scratch, KvAppendVector::new);
        t.add(Linear.class, "linear", LinearVector::scratch, LinearVector::new);
        t.add(Embedding.class, "embedding", EmbeddingVector::scratch, EmbeddingVector::new);
        t.add(RmsNorm.class, "rms_norm", RmsNormVector::scratch, RmsNormVector::new);
        t.add(Rope.class, "rope", RopeVector::scratch, RopeVector::new);
        t.add(SwiGlu.class, "swi_glu", SwiGluVector::scratch, SwiGluVector::new);
        t.add(Add.class, "add", AddVector::scratch, AddVector::new);
        t.add(Modulate.class, "modulate", ModulateVector::scratch, ModulateVector::new);
        t.add(Argmax.class, "argmax", ArgmaxVector::scratch, ArgmaxVector::new);
        t.add(Sample.class, "sample", SampleVector::scratch, SampleVector::new);
        t.add(Gelu.class, "gelu", GeluVector::scratch, GeluVector::new);
        t.add(LayerNorm.class, "layer_norm", LayerNormVector::scratch, LayerNormVector::new);
        t.add(MergeStates.class, "merge_states", MergeStatesVector::scratch, MergeStatesVector::new);
        t.add(KvDequantize.class, "kv_dequantize", KvDequantizeVector::scratch, KvDequantizeVector::new);
        t.add(KvEvict.class, "kv_evict", KvEvictVector::scratch, KvEvictVector::new);
        t.add(KvCopy.class, "kv_copy", KvCopyVector::scratch, KvCopyVector::new);
        t.add(PageStats.class, "page_stats", PageStatsVector::scratch, PageStatsVector::new);
        t.add(PageScore.class, "page_score", PageScoreVector::scratch, PageScoreVector::new);
        t.add(PageSelect.class, "page_select", PageSelectVector::scratch, PageSelectVector::new);
        t.add(
                ActivationQuantize.class,
                "activation_quantize",
                ActivationQuantizeVector::scratch,
                ActivationQuantizeVector::new);
        t.add(LowBitLinear.class, "low_bit_linear", LowBitLinearVector::scratch, LowBitLinearVector::new);
        t.add(LowRankDown.class, "low_rank_down", LowRankDownVector::scratch, LowRankDownVector::new);
        t.add(LowRankUp.class, "low_rank_up", LowRankUpVector::scratch, LowRankUpVector::new);
        t.add(LoraApply.class, "lora_apply", LoraApplyVector::scratch, LoraApplyVector::new);
        return t.table;
    }

    private <O extends Op> void add(
            Class<O> op, String name, VectorKernelFactory.Scratch<O> scratch, VectorKernelFactory.Maker<O> maker) {
        table.add(op, new VectorKernelFactory<>(name, pool, scratch, maker));
    }

    private <O extends Op> void add(
            Class<O> op, String name, BiFunction<O, Tensors, ScratchNeed> scratch, VectorKernelFactory.Maker<O> maker) {
        add(op, name, (o, tensors, workers) -> scratch.apply(o, tensors), maker);
    }
}
