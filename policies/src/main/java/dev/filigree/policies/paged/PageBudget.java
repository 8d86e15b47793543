package dev.filigree.policies.paged;

import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvCacheProblem;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.policy.PolicyRefusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How many pages each class gets. Without a budget: what {@code maxSeqs} sequences of {@code maxTokens} hold. With
 * a budget: rings for as many sequences as leave room for one whole sequence, and linear pages for as many tokens as
 * the rest holds.
 */
final class PageBudget {
    private final KvCachePlan kv;
    private final KvCacheProblem problem;

    PageBudget(KvCachePlan unsized, KvCacheProblem problem) {
        this.kv = unsized;
        this.problem = problem;
    }

    List<Long> numPages() {
        long most = Math.multiplyExact((long) problem.maxSeqs(), problem.maxTokens());
        if (problem.budgetBytes().isEmpty()) {
            return pages(problem.maxSeqs(), most);
        }
        long budget = problem.budgetBytes().getAsLong();
        if (kv.bytesFor(problem.maxTokens()) > budget) {
            throw new PolicyRefusal(
                    PagedPolicy.NAME,
                    String.format(
                            Locale.ROOT,
                            "one sequence of %d tokens takes %d bytes, the budget holds %d",
                            problem.maxTokens(),
                            kv.bytesFor(problem.maxTokens()),
                            budget),
                    "limits.kvBudget");
        }
        long seqs = largest(1, problem.maxSeqs(), n -> bytes(pages(n, problem.maxTokens())) <= budget);
        long tokens = largest(problem.maxTokens(), most, n -> bytes(pages(seqs, n)) <= budget);
        return pages(seqs, tokens);
    }

    /** Pages for that many rings, and for that many tokens of linear classes spread over all sequences. */
    private List<Long> pages(long seqs, long tokens) {
        List<Long> numPages = new ArrayList<>();
        for (KvClass c : kv.classes()) {
            long perSeq = c.pagesFor(problem.maxTokens());
            if (c.addressing() instanceof KvAddressing.Ring) {
                numPages.add(Math.multiplyExact(seqs, perSeq));
            } else {
                long full = tokens / problem.maxTokens();
                long rest = tokens % problem.maxTokens();
                numPages.add(Math.addExact(Math.multiplyExact(full, perSeq), c.pagesFor(rest)));
            }
        }
        return numPages;
    }

    private long bytes(List<Long> numPages) {
        long bytes = 0;
        for (int kvClass = 0; kvClass < numPages.size(); kvClass++) {
            bytes = Math.addExact(bytes, Math.multiplyExact(numPages.get(kvClass), kv.pageBytes(kvClass)));
        }
        return bytes;
    }

    private interface Fits {
        boolean test(long n);
    }

    /** The largest n from low to high that fits, low being known to. */
    private static long largest(long low, long high, Fits fits) {
        long known = low;
        long limit = high;
        while (known < limit) {
            long middle = known + (limit - known + 1) / 2;
            if (fits.test(middle)) {
                known = middle;
            } else {
                limit = middle - 1;
            }
        }
        return known;
    }
}
