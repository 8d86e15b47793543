package dev.filigree.policies.lserve;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.AttentionTensors;
import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.KvAccess;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PageReuse;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.pattern.KvReads;
import dev.filigree.policies.pattern.PatternPlan;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Plans one layer's decode step: score pages, select, attend to the selected ones, once per KV class. */
final class SelectedPages {
    private final LServeConfig config;
    private final AttentionProblem problem;
    private final PlanBuilder builder;
    private final AttentionTensors tensors;
    private final Map<Integer, KvAccess> access = new TreeMap<>();
    private final Map<Integer, String> patterns = new TreeMap<>();

    SelectedPages(LServeConfig config, AttentionProblem problem) {
        this.config = config;
        this.problem = problem;
        this.builder = new PlanBuilder(PatternPlan.name(LServePolicy.NAME, problem));
        this.tensors = new AttentionTensors(problem, builder);
    }

    AttentionPlan plan() {
        for (int kvClass = 0; kvClass < problem.kv().classes().size(); kvClass++) {
            if (!problem.headsOfClass(kvClass).isEmpty()) {
                addClass(kvClass);
            }
        }
        return new AttentionPlan(LServePolicy.NAME, builder.build(), access, patterns, List.of());
    }

    private void addClass(int kvClass) {
        KvClass c = problem.kv().classes().get(kvClass);
        requireStatistics(c, kvClass);
        PageCounts pages = PageCounts.of(config, c.pageSize());
        access.put(kvClass, KvAccess.PAGES);
        HeadMap heads = tensors.servedHeads(kvClass);
        KvPages kv = tensors.pages(kvClass);
        boolean all = c.pagesFor(problem.capacity().contextTokens()) <= pages.budget();
        Optional<PageChoice> choice = all ? Optional.empty() : Optional.of(select(heads, kv, c, pages));
        builder.add(new PagedAttention(
                heads,
                HeadPattern.DENSE,
                problem.scale(),
                kv,
                tensors.q(),
                tensors.qOffsets(),
                tensors.kvLengths(),
                choice,
                tensors.out(),
                tensors.lse()));
        String words = "lserve(" + pages + ", reuseInterval=" + config.reuseInterval() + ")";
        problem.headsOfClass(kvClass).forEach(head -> patterns.put(head, words));
    }

    private void requireStatistics(KvClass c, int kvClass) {
        KvReads.requireCovered(LServePolicy.NAME, problem, kvClass, HeadPattern.DENSE);
        if (c.logicalPageSize() == 0 || c.addressing() != KvAddressing.LINEAR) {
            throw new PolicyRefusal(
                    LServePolicy.NAME,
                    "page selection needs linear pages with statistics of " + config.logicalPageSize()
                            + " tokens, not cache class " + c,
                    "kvCache.policy");
        }
    }

    private PageChoice select(HeadMap heads, KvPages kv, KvClass c, PageCounts pages) {
        PageChoice choice = choice(heads, c, pages);
        TensorRef scores = builder.temp(
                "lserve.scores." + c.name(),
                DType.F32,
                Dim.upTo("numSeqs", problem.capacity().numSeqs()),
                numLists(heads),
                Dim.fixed("maxPages", c.pagesFor(problem.capacity().contextTokens())));
        Optional<PageReuse> reuse = config.reuseInterval() == 1
                ? Optional.empty()
                : Optional.of(new PageReuse(pages.budget(), config.reuseInterval(), choice));
        builder.add(new PageScore(heads, config.lists(), kv, tensors.q(), tensors.kvLengths(), scores, reuse));
        builder.add(new PageSelect(
                heads,
                pages.budget(),
                pages.sink(),
                c.pageSize(),
                config.reuseInterval(),
                scores,
                tensors.kvLengths(),
                choice));
        return choice;
    }

    /** The lists of a layer, kept from step to step in the row of each sequence's slot. */
    private PageChoice choice(HeadMap heads, KvClass c, PageCounts pages) {
        String name = "layer" + problem.layer() + ".lserve." + c.name() + ".";
        Dim numSlots = Dim.fixed("numSlots", problem.capacity().numSlots());
        TensorRef counts = builder.declare(name + "counts", TensorRole.STATE, DType.I32, numSlots, numLists(heads));
        TensorRef chosen = builder.declare(
                name + "chosen",
                TensorRole.STATE,
                DType.I32,
                numSlots,
                numLists(heads),
                Dim.fixed("maxChosen", pages.most()));
        return new PageChoice(counts, chosen, tensors.slots(), config.lists());
    }

    private Dim numLists(HeadMap heads) {
        return Dim.fixed("numLists", config.lists().numLists(heads.numQoHeads(), heads.numKvHeads()));
    }
}
