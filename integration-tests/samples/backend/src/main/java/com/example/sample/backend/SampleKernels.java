package com.example.sample.backend;

import dev.filigree.api.backend.Reason;
import dev.filigree.api.host.HostKernels;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.Add;
import dev.filigree.api.op.Embedding;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvDequantize;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.Linear;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.RmsNorm;
import dev.filigree.api.op.Rope;
import dev.filigree.api.op.Sample;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.op.SwiGlu;
import java.util.ArrayList;
import java.util.List;

/** The table of kernels: one line per op that a decoder with dense or streaming heads needs. */
final class SampleKernels {
    private SampleKernels() {}

    static HostKernels all() {
        return new HostKernels()
                .add(Embedding.class, PlainKernel.of("embedding", EmbeddingKernel::new))
                .add(RmsNorm.class, PlainKernel.of("rms_norm", RmsNormKernel::new))
                .add(Linear.class, PlainKernel.of("linear", LinearKernel::new))
                .add(Rope.class, PlainKernel.of("rope", RopeKernel::new))
                .add(SwiGlu.class, PlainKernel.of("swi_glu", SwiGluKernel::new))
                .add(Add.class, PlainKernel.of("add", AddKernel::new))
                .add(Sample.class, PlainKernel.of("sample", SampleKernel::new))
                .add(StreamingAttention.class, PlainKernel.of("streaming_attention", StreamingAttentionKernel::new))
                .add(
                        PagedAttention.class,
                        new PlainKernel<>("paged_attention", PagedAttentionKernel::new, SampleKernels::refusals))
                .add(KvAppend.class, new PlainKernel<>("kv_append", KvAppendKernel::new, SampleKernels::refusals))
                .add(
                        KvDequantize.class,
                        new PlainKernel<>("kv_dequantize", KvDequantizeKernel::new, op -> quantized(op.kv())));
    }

    private static List<Reason> refusals(PagedAttention op) {
        List<Reason> reasons = new ArrayList<>(quantized(op.kv()));
        if (op.choice().isPresent()) {
            reasons.add(Reason.of(
                    Reason.Kind.FEATURE, "chosen pages are not read, only whole patterns", "attention.policy"));
        }
        return reasons;
    }

    private static List<Reason> refusals(KvAppend op) {
        List<Reason> reasons = new ArrayList<>(quantized(op.kv()));
        if (op.kv().layout().hasStats()) {
            reasons.add(Reason.of(Reason.Kind.FEATURE, "page statistics are not kept", "attention.policy"));
        }
        return reasons;
    }

    private static List<Reason> quantized(KvPages kv) {
        List<Reason> reasons = new ArrayList<>();
        if (kv.layout().k().isQuantized()) {
            reasons.add(storage(kv.layout().k(), "keys", "kvCache.k"));
        }
        if (kv.layout().v().isQuantized()) {
            reasons.add(storage(kv.layout().v(), "values", "kvCache.v"));
        }
        return reasons;
    }

    private static Reason storage(KvPrecision precision, String what, String configKey) {
        return Reason.of(Reason.Kind.DTYPE, what + " must be stored as f32, f16 or bf16, not " + precision, configKey);
    }
}
