package dev.filigree.conformance.cases.pageselect;

import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.pageselect.PageSelectCases.Form;
import dev.filigree.conformance.cases.shared.PageLists;
import dev.filigree.conformance.problem.Outputs;
import java.util.Arrays;
import java.util.stream.IntStream;

/** What choosing pages must do whatever the reference says. */
final class PageSelectProperties {
    private PageSelectProperties() {}

    static int[] list(Form form, PageLists lists, Outputs outputs, int seq, int list) {
        int at = lists.slots()[seq] * form.numLists() + list;
        int width = outputs.get("choicePages").extent(2);
        int count = outputs.ints("choiceCounts")[at];
        return Arrays.copyOfRange(outputs.ints("choicePages"), at * width, at * width + count);
    }

    static void keeps(CaseContext c, Form form) {
        PageLists none = PageSelectCases.none(form);
        float[] scores = PageSelectCases.scores(c.generator(), form);
        Outputs outputs = c.run(PageSelectCases.problem(form, scores, PageSelectCases.LENGTHS, none));
        for (int s = 0; s < PageSelectCases.LENGTHS.length; s++) {
            int pages = Math.ceilDiv(PageSelectCases.LENGTHS[s], PageSelectCases.PAGE);
            for (int list = 0; list < form.numLists(); list++) {
                int[] chosen = list(form, none, outputs, s, list);
                c.check(
                        chosen.length == Math.min(pages, form.budget()),
                        () -> chosen.length + " of " + pages + " pages chosen with a budget of " + form.budget());
                for (int page = 0; page < Math.min(form.sink(), pages); page++) {
                    int sink = page;
                    c.check(
                            chosen[page] == page,
                            () -> "sink page " + sink + " is missing in " + Arrays.toString(chosen));
                }
                c.check(
                        chosen[chosen.length - 1] == pages - 1,
                        () -> "the newest page " + (pages - 1) + " is missing in " + Arrays.toString(chosen));
            }
        }
    }

    static void ties(CaseContext c, Form form) {
        PageLists none = PageSelectCases.none(form);
        float[] scores = new float[PageSelectCases.scores(c.generator(), form).length];
        Outputs outputs = c.run(PageSelectCases.problem(form, scores, PageSelectCases.LENGTHS, none));
        for (int s = 0; s < PageSelectCases.LENGTHS.length; s++) {
            int pages = Math.ceilDiv(PageSelectCases.LENGTHS[s], PageSelectCases.PAGE);
            int kept = Math.min(pages, form.budget());
            int[] expected = IntStream.concat(IntStream.range(0, kept - 1), IntStream.of(pages - 1))
                    .toArray();
            c.same("pages among equals", expected, list(form, none, outputs, s, 0));
        }
    }

    // Twelve decode steps over changing scores: between multiples of the interval a list only grows by new pages.
    static void reused(CaseContext c, Form form) {
        int seqs = PageSelectCases.LENGTHS.length;
        PageLists lists = PageSelectCases.none(form);
        int[] lengths = PageSelectCases.LENGTHS.clone();
        for (int step = 0; step < 12; step++) {
            for (int s = 0; s < seqs; s++) {
                lengths[s] = PageSelectCases.LENGTHS[s] - 4 + step < 1 ? 1 : PageSelectCases.LENGTHS[s] - 4 + step;
            }
            float[] scores = PageSelectCases.scores(c.generator(), form);
            Outputs outputs = c.run(PageSelectCases.problem(form, scores, lengths, lists));
            int[][][] next = new int[seqs][form.numLists()][];
            for (int s = 0; s < seqs; s++) {
                for (int list = 0; list < form.numLists(); list++) {
                    next[s][list] = list(form, lists, outputs, s, list);
                    grown(c, form, lists.lists()[s][list], next[s][list], lengths[s]);
                }
            }
            lists = new PageLists(next, lists.slots(), lists.numSlots(), form.scope());
        }
    }

    private static void grown(CaseContext c, Form form, int[] before, int[] now, int kvLength) {
        int newest = (kvLength - 1) / PageSelectCases.PAGE;
        c.check(
                now[now.length - 1] == newest,
                () -> "the newest page " + newest + " at length " + kvLength + " is missing in "
                        + Arrays.toString(now));
        if (before.length == 0 || kvLength % form.interval() == 0) {
            return;
        }
        IntStream opened = IntStream.rangeClosed(before[before.length - 1] + 1, newest);
        c.same("a list in use", IntStream.concat(Arrays.stream(before), opened).toArray(), now);
    }
}
