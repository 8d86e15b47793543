package dev.filigree.host.explain;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.PageSelect;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** How many pages the lists of a decode step hold, of how many, and how often they are chosen. */
final class PagesText {
    private PagesText() {}

    /** Lists that are alike, whatever their layer. */
    private record Lists(int budgetPages, int sinkPages, int pageSize, int reuseInterval) {}

    static List<String> of(List<AttentionPlan> decode, long contextTokens) {
        Map<Lists, Integer> numLists = new LinkedHashMap<>();
        for (AttentionPlan layer : decode) {
            for (Op op : layer.plan().ops()) {
                if (op instanceof PageSelect s) {
                    int lists = s.choice()
                            .scope()
                            .numLists(s.heads().numServedQoHeads(), s.heads().numServedKvHeads());
                    Lists alike = new Lists(s.budgetPages(), s.sinkPages(), s.pageSize(), s.reuseInterval());
                    numLists.merge(alike, lists, Integer::sum);
                }
            }
        }
        return numLists.entrySet().stream()
                .map(one -> text(one.getKey(), one.getValue(), contextTokens))
                .toList();
    }

    private static String text(Lists lists, int count, long contextTokens) {
        long all = Math.ceilDiv(contextTokens, (long) lists.pageSize());
        return String.format(
                Locale.ROOT,
                "%d lists of %d of %d pages of %d tokens, chosen every %s; %d for the sink and the newest are always in",
                count,
                Math.min(all, lists.budgetPages()),
                all,
                lists.pageSize(),
                lists.reuseInterval() == 1 ? "step" : lists.reuseInterval() + " steps",
                lists.sinkPages() + 1);
    }
}
