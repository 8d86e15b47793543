package dev.filigree.policies.paged;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.kvcache.HeadNeed;
import dev.filigree.api.kvcache.KVCachePolicy;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvCacheProblem;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.policy.PolicyRefusal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * One class of pages per distinct need: heads that need everything keep it in linear pages, heads that need a sink
 * and a recent window keep no more than these in a ring (DuoAttention section 2.3; LServe section 3.5).
 */
public final class PagedPolicy implements KVCachePolicy {
    /** The name in configs. */
    public static final String NAME = "paged";

    private final PagedConfig config;

    /** A policy with that storage. */
    public PagedPolicy(PagedConfig config) {
        this.config = config;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public KvCachePlan plan(KvCacheProblem problem) {
        ModelGeometry geometry = problem.geometry();
        if ((config.k().storage().isPacked() && geometry.headDimQk() % 2 != 0)
                || (config.v().storage().isPacked() && geometry.headDimVo() % 2 != 0)) {
            throw new PolicyRefusal(
                    NAME,
                    "int4 needs even head dims, not " + geometry.headDimQk() + " and " + geometry.headDimVo(),
                    "kvCache.k");
        }
        List<HeadNeed> needs = distinctNeeds(problem);
        List<KvClass> classes = classes(needs);
        List<List<List<Integer>>> heads = new ArrayList<>();
        for (int layer = 0; layer < geometry.numLayers(); layer++) {
            heads.add(headsByNeed(problem, layer, needs));
        }
        KvCachePlan unsized = new KvCachePlan(
                NAME, geometry, classes, heads, Collections.nCopies(classes.size(), 0L), config.prefillReads());
        List<Long> numPages = new PageBudget(unsized, problem).numPages();
        return new KvCachePlan(NAME, geometry, classes, heads, numPages, config.prefillReads());
    }

    private static List<HeadNeed> distinctNeeds(KvCacheProblem problem) {
        Set<HeadNeed> everything = new LinkedHashSet<>();
        Set<HeadNeed> windows = new LinkedHashSet<>();
        for (List<HeadNeed> layer : problem.needs().layers()) {
            for (HeadNeed need : layer) {
                (need.retention() instanceof Retention.Everything ? everything : windows).add(need);
            }
        }
        List<HeadNeed> all = new ArrayList<>(everything);
        all.addAll(windows);
        return all;
    }

    private static List<List<Integer>> headsByNeed(KvCacheProblem problem, int layer, List<HeadNeed> needs) {
        List<List<Integer>> heads = new ArrayList<>();
        for (HeadNeed need : needs) {
            List<Integer> same = new ArrayList<>();
            for (int head = 0; head < problem.geometry().numKvHeads(); head++) {
                if (problem.needs().of(layer, head).equals(need)) {
                    same.add(head);
                }
            }
            heads.add(same);
        }
        return heads;
    }

    private List<KvClass> classes(List<HeadNeed> needs) {
        List<KvClass> classes = new ArrayList<>();
        int numFull = 0;
        int numRings = 0;
        for (HeadNeed need : needs) {
            if (need.logicalPageSize() > 0 && config.pageSize() % need.logicalPageSize() != 0) {
                throw new PolicyRefusal(
                        NAME,
                        "pageSize must be a multiple of the logicalPageSize " + need.logicalPageSize()
                                + " that attention asks for, not " + config.pageSize(),
                        "kvCache.pageSize");
            }
            classes.add(
                    need.retention() instanceof Retention.SinkAndRecent window
                            ? kvClass(numbered("ring", ++numRings), need, ring(window))
                            : kvClass(numbered("full", ++numFull), need, KvAddressing.LINEAR));
        }
        return classes;
    }

    private KvAddressing ring(Retention.SinkAndRecent window) {
        return KvAddressing.Ring.of(window, config.pageSize());
    }

    private KvClass kvClass(String name, HeadNeed need, KvAddressing addressing) {
        return new KvClass(
                name, need.retention(), addressing, config.pageSize(), config.k(), config.v(), need.logicalPageSize());
    }

    private static String numbered(String name, int number) {
        return number == 1 ? name : name + number;
    }
}
