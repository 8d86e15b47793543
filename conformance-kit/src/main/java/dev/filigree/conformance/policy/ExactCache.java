package dev.filigree.conformance.policy;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.kvcache.KvNeeds;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.kvcache.Retention;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** A cache in f32 that keeps what the needs ask for and not a page more, or everything. */
final class ExactCache {
    private static final int PAGE_SIZE = 16;

    private ExactCache() {}

    /** One class per distinct need. */
    static KvCachePlan of(ModelGeometry geometry, KvNeeds needs, int maxSeqs, int maxTokens) {
        Set<HeadNeed> distinct = new LinkedHashSet<>();
        needs.layers().forEach(distinct::addAll);
        List<HeadNeed> order = List.copyOf(distinct);
        List<KvClass> classes = new ArrayList<>();
        for (HeadNeed need : order) {
            classes.add(kvClass("c" + classes.size(), need));
        }
        List<List<List<Integer>>> heads = new ArrayList<>();
        for (int layer = 0; layer < geometry.numLayers(); layer++) {
            List<HeadNeed> own = needs.layers().get(layer);
            heads.add(order.stream()
                    .map(need -> IntStream.range(0, own.size())
                            .filter(head -> own.get(head).equals(need))
                            .boxed()
                            .toList())
                    .toList());
        }
        List<Long> pages =
                classes.stream().map(c -> maxSeqs * c.pagesFor(maxTokens)).toList();
        return new KvCachePlan("kit", geometry, classes, heads, pages, PrefillReads.STORED);
    }

    /** The same statistics, nothing forgotten. */
    static KvNeeds keepEverything(KvNeeds needs) {
        return new KvNeeds(needs.layers().stream()
                .map(layer -> layer.stream()
                        .map(need -> new HeadNeed(new Retention.Everything(), need.logicalPageSize()))
                        .toList())
                .toList());
    }

    private static KvClass kvClass(String name, HeadNeed need) {
        int logical = need.logicalPageSize();
        int pageSize = logical == 0 ? PAGE_SIZE : logical * Math.max(1, PAGE_SIZE / logical);
        KvAddressing addressing = need.retention() instanceof Retention.SinkAndRecent window
                ? KvAddressing.Ring.of(window, pageSize)
                : KvAddressing.LINEAR;
        return new KvClass(name, need.retention(), addressing, pageSize, KvPrecision.F32, KvPrecision.F32, logical);
    }
}
