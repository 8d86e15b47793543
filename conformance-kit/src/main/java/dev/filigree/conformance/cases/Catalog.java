package dev.filigree.conformance.cases;

import dev.filigree.conformance.cases.activationquantize.ActivationQuantizeCases;
import dev.filigree.conformance.cases.add.AddCases;
import dev.filigree.conformance.cases.antidiagonalscore.AntidiagonalScoreCases;
import dev.filigree.conformance.cases.argmax.ArgmaxCases;
import dev.filigree.conformance.cases.backend.BackendCases;
import dev.filigree.conformance.cases.blockselect.BlockSelectCases;
import dev.filigree.conformance.cases.blocksparseattention.BlockSparseAttentionCases;
import dev.filigree.conformance.cases.denseattention.DenseAttentionCases;
import dev.filigree.conformance.cases.embedding.EmbeddingCases;
import dev.filigree.conformance.cases.gelu.GeluCases;
import dev.filigree.conformance.cases.kvappend.KvAppendCases;
import dev.filigree.conformance.cases.kvcopy.KvCopyCases;
import dev.filigree.conformance.cases.kvdequantize.KvDequantizeCases;
import dev.filigree.conformance.cases.kvevict.KvEvictCases;
import dev.filigree.conformance.cases.layernorm.LayerNormCases;
import dev.filigree.conformance.cases.linear.LinearCases;
import dev.filigree.conformance.cases.loraapply.LoraApplyCases;
import dev.filigree.conformance.cases.lowbitlinear.LowBitLinearCases;
import dev.filigree.conformance.cases.lowrankdown.LowRankDownCases;
import dev.filigree.conformance.cases.lowrankup.LowRankUpCases;
import dev.filigree.conformance.cases.mergestates.MergeStatesCases;
import dev.filigree.conformance.cases.modulate.ModulateCases;
import dev.filigree.conformance.cases.pagedattention.PagedAttentionCases;
import dev.filigree.conformance.cases.pagescore.PageScoreCases;
import dev.filigree.conformance.cases.pageselect.PageSelectCases;
import dev.filigree.conformance.cases.pagestats.PageStatsCases;
import dev.filigree.conformance.cases.rmsnorm.RmsNormCases;
import dev.filigree.conformance.cases.rope.RopeCases;
import dev.filigree.conformance.cases.sample.SampleCases;
import dev.filigree.conformance.cases.streamingattention.StreamingAttentionCases;
import dev.filigree.conformance.cases.swiglu.SwiGluCases;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Every case of the kit: one line per op. */
public final class Catalog {
    private static final List<Supplier<List<ConformanceCase>>> OPS = List.of(
            DenseAttentionCases::cases,
            StreamingAttentionCases::cases,
            BlockSparseAttentionCases::cases,
            PagedAttentionCases::cases,
            MergeStatesCases::cases,
            AntidiagonalScoreCases::cases,
            BlockSelectCases::cases,
            PageStatsCases::cases,
            PageScoreCases::cases,
            PageSelectCases::cases,
            KvAppendCases::cases,
            KvDequantizeCases::cases,
            KvEvictCases::cases,
            KvCopyCases::cases,
            LinearCases::cases,
            ActivationQuantizeCases::cases,
            LowBitLinearCases::cases,
            LowRankDownCases::cases,
            LowRankUpCases::cases,
            LoraApplyCases::cases,
            EmbeddingCases::cases,
            RmsNormCases::cases,
            LayerNormCases::cases,
            RopeCases::cases,
            SwiGluCases::cases,
            GeluCases::cases,
            AddCases::cases,
            ModulateCases::cases,
            ArgmaxCases::cases,
            SampleCases::cases,
            BackendCases::cases);

    private Catalog() {}

    /** All cases of all tiers. */
    public static List<ConformanceCase> all() {
        List<ConformanceCase> all = new ArrayList<>();
        OPS.forEach(op -> all.addAll(op.get()));
        return List.copyOf(all);
    }
}
