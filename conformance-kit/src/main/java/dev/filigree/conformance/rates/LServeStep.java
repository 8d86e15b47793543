package dev.filigree.conformance.rates;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PageReuse;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * LServe's decode (sections 3.4 and 3.5): every other KV head streams over a ring of pages, the others read the best pages within a
 * budget, scored and selected every fourth step.
 *
 * @param batch sequences
 * @param context tokens in the cache
 * @param budget tokens that a list holds
 * @param precision of the pages
 * @param fresh whether the lists are chosen in this step or reused
 */
record LServeStep(int batch, int context, int budget, KvPrecision precision, boolean fresh) {
    private static final int PAGE = DecodeRates.PAGE;
    private static final int STATISTICS = 16;
    private static final int SINK = 128;
    private static final int RECENT = 256;
    private static final int REUSE = 4;
    private static final KvAddressing.Ring RING =
            new KvAddressing.Ring(Math.ceilDiv(SINK, PAGE), Math.ceilDiv(RECENT - 1, PAGE) + 1);
    private static final List<Integer> CHOOSING = everyOther(0);
    private static final List<Integer> STREAMING = everyOther(1);

    private static List<Integer> everyOther(int first) {
        return IntStream.range(0, PrefillRates.KV_HEADS / 2)
                .map(i -> 2 * i + first)
                .boxed()
                .toList();
    }

    /** Bytes of keys and values that a layer reads, statistics left out. */
    double bytes() {
        double chosen = (double) Math.min(budgetPages(), numPages())
                * layout(CHOOSING, STATISTICS).kMaxOffset();
        return batch
                * (chosen
                        + (double) RING.columns(context, PAGE)
                                * layout(STREAMING, 0).pageBytes());
    }

    /** Share of the cached tokens that the choosing heads read. */
    double share() {
        return (double) Math.min(budgetPages(), numPages()) / numPages();
    }

    /** Times a plan of that many layers, each with a cache of its own. */
    double seconds(TimedPlan timed, int layers) {
        DecodeStep step = new DecodeStep(batch, length());
        for (int layer = 0; layer < layers; layer++) {
            add(step, "layer" + layer);
        }
        return timed.seconds(step.builder.build(), step.words);
    }

    private void add(DecodeStep step, String name) {
        KvPages pages = step.pages(name, layout(CHOOSING, STATISTICS), new KvAddressing.Linear(), context);
        HeadMap heads = heads(CHOOSING);
        PageChoice choice = choice(step, name);
        TensorRef scores =
                step.builder.temp(name + ".scores", DType.F32, step.seqs, lists(), Dim.fixed("maxPages", numPages()));
        step.builder.add(new PageScore(
                heads,
                choice.scope(),
                pages,
                step.q,
                step.lengths,
                scores,
                Optional.of(new PageReuse(budgetPages(), REUSE, choice))));
        step.builder.add(new PageSelect(heads, budgetPages(), SINK / PAGE, PAGE, REUSE, scores, step.lengths, choice));
        step.attend(heads, HeadPattern.DENSE, pages, Optional.of(choice));
        KvPages window = step.pages(name + ".ring", layout(STREAMING, 0), RING, context);
        step.attend(heads(STREAMING), new HeadPattern.Streaming(SINK, RECENT), window, Optional.empty());
    }

    /** Lists per KV head: empty ones where they are to be chosen, else as a choice before would have left them. */
    private PageChoice choice(DecodeStep step, String name) {
        Dim slots = Dim.fixed("numSlots", batch);
        int room = budgetPages() + 1;
        TensorRef counts = step.builder.declare(name + ".counts", TensorRole.STATE, DType.I32, slots, lists());
        TensorRef pages = step.builder.declare(
                name + ".chosen", TensorRole.STATE, DType.I32, slots, lists(), Dim.fixed("maxChosen", room));
        int newest = Math.ceilDiv(length(), PAGE) - 1;
        int held = Math.min(budgetPages(), newest + 1);
        int[] count = new int[batch * PrefillRates.KV_HEADS];
        Arrays.fill(count, fresh ? 0 : held);
        int[] all = new int[count.length * room];
        Arrays.setAll(all, i -> {
            int at = i % room;
            return at >= held - 1 ? newest : (int) ((long) at * (newest + 1) / held);
        });
        step.words.put(counts, count);
        step.words.put(pages, all);
        return new PageChoice(counts, pages, step.slots, PageChoice.SelectionScope.KV_GROUP);
    }

    /** A list is chosen anew where the length is a multiple of the interval. */
    private int length() {
        return context - context % REUSE - (fresh ? 0 : 1);
    }

    private int numPages() {
        return Math.ceilDiv(context, PAGE);
    }

    private int budgetPages() {
        return Math.max(SINK / PAGE + 1, budget / PAGE);
    }

    private KvPageLayout layout(List<Integer> heads, int statistics) {
        return DecodeRates.layout(heads.size(), precision, statistics);
    }

    private static Dim lists() {
        return Dim.fixed("numLists", PrefillRates.KV_HEADS);
    }

    private static HeadMap heads(List<Integer> kvHeads) {
        return HeadMap.byRank(PrefillRates.QO_HEADS, PrefillRates.KV_HEADS, kvHeads, kvHeads);
    }
}
