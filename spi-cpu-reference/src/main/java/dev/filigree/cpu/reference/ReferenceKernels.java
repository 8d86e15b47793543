package dev.filigree.cpu.reference;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostKernelFactory;
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
import dev.filigree.cpu.reference.ops.activationquantize.ActivationQuantizeReference;
import dev.filigree.cpu.reference.ops.add.AddReference;
import dev.filigree.cpu.reference.ops.antidiagonalscore.AntidiagonalScoreReference;
import dev.filigree.cpu.reference.ops.argmax.ArgmaxReference;
import dev.filigree.cpu.reference.ops.blockselect.BlockSelectReference;
import dev.filigree.cpu.reference.ops.blocksparseattention.BlockSparseAttentionReference;
import dev.filigree.cpu.reference.ops.denseattention.DenseAttentionReference;
import dev.filigree.cpu.reference.ops.embedding.EmbeddingReference;
import dev.filigree.cpu.reference.ops.gelu.GeluReference;
import dev.filigree.cpu.reference.ops.kvappend.KvAppendReference;
import dev.filigree.cpu.reference.ops.kvcopy.KvCopyReference;
import dev.filigree.cpu.reference.ops.kvdequantize.KvDequantizeReference;
import dev.filigree.cpu.reference.ops.kvevict.KvEvictReference;
import dev.filigree.cpu.reference.ops.layernorm.LayerNormReference;
import dev.filigree.cpu.reference.ops.linear.LinearReference;
import dev.filigree.cpu.reference.ops.loraapply.LoraApplyReference;
import dev.filigree.cpu.reference.ops.lowbitlinear.LowBitLinearReference;
import dev.filigree.cpu.reference.ops.lowrankdown.LowRankDownReference;
import dev.filigree.cpu.reference.ops.lowrankup.LowRankUpReference;
import dev.filigree.cpu.reference.ops.mergestates.MergeStatesReference;
import dev.filigree.cpu.reference.ops.modulate.ModulateReference;
import dev.filigree.cpu.reference.ops.pagedattention.PagedAttentionReference;
import dev.filigree.cpu.reference.ops.pagescore.PageScoreReference;
import dev.filigree.cpu.reference.ops.pageselect.PageSelectReference;
import dev.filigree.cpu.reference.ops.pagestats.PageStatsReference;
import dev.filigree.cpu.reference.ops.rmsnorm.RmsNormReference;
import dev.filigree.cpu.reference.ops.rope.RopeReference;
import dev.filigree.cpu.reference.ops.sample.SampleReference;
import dev.filigree.cpu.reference.ops.streamingattention.StreamingAttentionReference;
import dev.filigree.cpu.reference.ops.swiglu.SwiGluReference;
import java.util.function.BiFunction;

/** The table of kernels: one line per op. */
final class ReferenceKernels {
    private ReferenceKernels() {}

    /** A new table. */
    static HostKernels all() {
        HostKernels table = new HostKernels();
        table.add(DenseAttention.class, plain("dense_attention", DenseAttentionReference::new));
        table.add(StreamingAttention.class, plain("streaming_attention", StreamingAttentionReference::new));
        table.add(BlockSparseAttention.class, plain("block_sparse_attention", BlockSparseAttentionReference::new));
        table.add(PagedAttention.class, plain("paged_attention", PagedAttentionReference::new));
        table.add(MergeStates.class, plain("merge_states", MergeStatesReference::new));
        table.add(AntidiagonalScore.class, plain("antidiagonal_score", AntidiagonalScoreReference::new));
        table.add(BlockSelect.class, plain("block_select", BlockSelectReference::new));
        table.add(PageStats.class, plain("page_stats", PageStatsReference::new));
        table.add(PageScore.class, plain("page_score", PageScoreReference::new));
        table.add(PageSelect.class, plain("page_select", PageSelectReference::new));
        table.add(KvAppend.class, plain("kv_append", KvAppendReference::new));
        table.add(KvDequantize.class, plain("kv_dequantize", KvDequantizeReference::new));
        table.add(KvEvict.class, plain("kv_evict", KvEvictReference::new));
        table.add(KvCopy.class, plain("kv_copy", KvCopyReference::new));
        table.add(Linear.class, plain("linear", LinearReference::new));
        table.add(ActivationQuantize.class, plain("activation_quantize", ActivationQuantizeReference::new));
        table.add(LowBitLinear.class, plain("low_bit_linear", LowBitLinearReference::new));
        table.add(LowRankDown.class, plain("low_rank_down", LowRankDownReference::new));
        table.add(LowRankUp.class, plain("low_rank_up", LowRankUpReference::new));
        table.add(LoraApply.class, plain("lora_apply", LoraApplyReference::new));
        table.add(Embedding.class, plain("embedding", EmbeddingReference::new));
        table.add(RmsNorm.class, plain("rms_norm", RmsNormReference::new));
        table.add(LayerNorm.class, plain("layer_norm", LayerNormReference::new));
        table.add(Rope.class, plain("rope", RopeReference::new));
        table.add(SwiGlu.class, plain("swi_glu", SwiGluReference::new));
        table.add(Gelu.class, plain("gelu", GeluReference::new));
        table.add(Add.class, plain("add", AddReference::new));
        table.add(Modulate.class, plain("modulate", ModulateReference::new));
        table.add(Argmax.class, plain("argmax", ArgmaxReference::new));
        table.add(Sample.class, plain("sample", SampleReference::new));
        return table;
    }

    private static <O extends Op> HostKernelFactory<O> plain(
            String op, BiFunction<O, HostKernelContext, HostKernel> make) {
        return HostKernelFactory.of(op + "__reference", make);
    }
}
