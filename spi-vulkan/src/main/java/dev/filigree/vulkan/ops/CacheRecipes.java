package dev.filigree.vulkan.ops;

import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.op.*;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.vulkan.launch.Launch;
import java.util.List;

/** Cache pages. */
final class CacheRecipes {
    /** Bytes that one work group copies; the same in {@code copy.glsl}. */
    private static final long CHUNK = 16384;

    private CacheRecipes() {}

    /** The parameters of {@code pages.glsl}. */
    static Launch pages(Launch launch, KvPages kv) {
        KvPageLayout l = kv.layout();
        boolean ring = kv.addressing() instanceof KvAddressing.Ring;
        launch.number("sinkPages", 0).number("ringPages", 0);
        if (kv.addressing() instanceof KvAddressing.Ring(int sinkPages, int ringPages) && ring) {
            launch.number("sinkPages", sinkPages).number("ringPages", ringPages);
        }
        return launch.tensor("pages", kv.pages())
                .tensor("pageTable", kv.pageTable())
                .spec("KP", stored(l.k()))
                .spec("VP", stored(l.v()))
                .number("pageSize", l.pageSize())
                .number("numPageHeads", l.numHeads())
                .number("headDimQk", l.headDimQk())
                .number("headDimVo", l.headDimVo())
                .number("logicalPageSize", l.logicalPageSize())
                .number("kScaleOffset", l.kScaleOffset())
                .number("kZeroOffset", l.kZeroOffset())
                .number("vDataOffset", l.vDataOffset())
                .number("vScaleOffset", l.vScaleOffset())
                .number("vZeroOffset", l.vZeroOffset())
                .number("kMaxOffset", l.kMaxOffset())
                .number("kMinOffset", l.kMinOffset());
    }

    private static int stored(KvPrecision precision) {
        return precision.ordinal();
    }

    static List<Launch> append(KvAppend k, Tensors t) {
        Launch store = new Launch("kvappend/kv_append", t)
                .spec("ROTATE", k.rotary().isPresent())
                .tensor("k", k.k())
                .tensor("v", k.v())
                .tensor("qOffsets", k.qOffsets())
                .tensor("positions", k.positions())
                .heads(k.heads())
                .tensor("frequencies", k.rotary().map(Rotary::frequencies))
                .groups(axes -> Recipes.rows(t, k.k(), axes) * k.heads().numServedKvHeads());
        k.rotary().ifPresent(r -> rotary(store, r));
        pages(store, k.kv());
        if (!k.kv().layout().hasStats()) {
            return List.of(store);
        }
        Launch stats = new Launch("kvappend/kv_append_stats", t)
                .tensor("k", k.k())
                .tensor("qOffsets", k.qOffsets())
                .tensor("positions", k.positions())
                .heads(k.heads())
                .groups(axes -> Recipes.rows(t, k.k(), axes) * k.heads().numServedKvHeads());
        return List.of(store, pages(stats, k.kv()));
    }

    static Launch rotary(Launch launch, Rotary r) {
        return launch.number("rotaryDim", r.rotaryDim())
                .real("magnitude", r.magnitude())
                .number("interleaved", r.style() == Rotary.Style.INTERLEAVED ? 1 : 0);
    }

    static Launch dequantize(KvDequantize k, Tensors t) {
        Launch launch = new Launch("kvdequantize/kv_dequantize", t)
                .spec("ROUND", k.roundCurrent())
                .tensor("kCurrent", k.kCurrent())
                .tensor("vCurrent", k.vCurrent())
                .tensor("qOffsets", k.qOffsets())
                .tensor("pastLengths", k.pastLengths())
                .tensor("kvOffsets", k.kvOffsets())
                .tensor("k", k.k())
                .tensor("v", k.v())
                .tensor("kvPositions", k.kvPositions())
                .heads(k.heads())
                .groups(axes -> Recipes.rows(t, k.k(), axes) * k.heads().numServedKvHeads());
        if (k.retention() instanceof Retention.SinkAndRecent(int sink, int recent)) {
            launch.number("limited", 1).number("sink", sink).number("recent", recent);
        }
        return pages(launch, k.kv());
    }

    static Launch stats(PageStats p, Tensors t) {
        KvPageLayout l = p.kv().layout();
        Launch launch = new Launch("pagestats/page_stats", t)
                .tensor("fromLengths", p.fromLengths())
                .tensor("kvLengths", p.kvLengths())
                .groups(axes -> Recipes.rows(t, p.kvLengths(), axes)
                        * t.get(p.kv().pageTable()).capacity(1)
                        * l.logicalPagesPerPage()
                        * l.numHeads());
        return pages(launch, p.kv());
    }

    static Launch copy(KvCopy k, Tensors t) {
        return new Launch("kvcopy/kv_copy", t)
                .tensor("pages", k.pages())
                .tensor("sources", k.sources())
                .tensor("targets", k.targets())
                .groups(axes -> Recipes.rows(t, k.sources(), axes) * chunks(t, k.pages()));
    }

    static Launch evict(KvEvict k, Tensors t) {
        return new Launch("kvevict/kv_evict", t)
                .spec("BACK", k.direction() == KvEvict.Direction.BACK)
                .tensor("pages", k.pages())
                .tensor("pageIds", k.pageIds())
                .tensor("staging", k.staging())
                .groups(axes -> Recipes.rows(t, k.pageIds(), axes) * chunks(t, k.pages()));
    }

    private static long chunks(Tensors t, TensorRef pages) {
        return (t.get(pages).capacity(1) + CHUNK - 1) / CHUNK;
    }
}
