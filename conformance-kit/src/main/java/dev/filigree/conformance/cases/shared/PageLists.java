package dev.filigree.conformance.cases.shared;

import dev.filigree.api.op.PageChoice;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Layout;
import dev.filigree.conformance.problem.ProblemBuilder;
import java.util.Arrays;

/**
 * Chosen pages per sequence and list. Rows lie in random slots, entries past the counts are hostile.
 *
 * @param lists {@code [numSeqs][numLists]} page numbers, ascending
 * @param slots row of each sequence
 * @param numSlots rows in all
 * @param scope which heads share a list
 */
@SuppressWarnings("ArrayRecordComponent") // compared by no one
public record PageLists(int[][][] lists, int[] slots, int numSlots, PageChoice.SelectionScope scope) {

    /** Random lists that hold the newest page, as a selection's do. */
    public static PageLists random(
            Generator generator, AttentionShape shape, int pageSize, PageChoice.SelectionScope scope) {
        int numLists = scope.numLists(shape.numQoHeads(), shape.numKvHeads());
        int[][][] lists = new int[shape.numSeqs()][numLists][];
        for (int s = 0; s < lists.length; s++) {
            int pages = Math.ceilDiv(shape.kvLengths()[s], pageSize);
            for (int list = 0; list < numLists; list++) {
                int others = Math.max(0, pages - 1);
                int[] chosen = generator.subset(others, generator.below(others + 1));
                lists[s][list] = Arrays.copyOf(chosen, chosen.length + (pages > 0 ? 1 : 0));
                if (pages > 0) {
                    lists[s][list][chosen.length] = pages - 1;
                }
            }
        }
        int numSlots = shape.numSeqs() + 2;
        return new PageLists(lists, Arrays.copyOf(generator.permutation(numSlots), shape.numSeqs()), numSlots, scope);
    }

    /** The longest list there is room for. */
    public int maxChosen() {
        return 1
                + Arrays.stream(lists)
                        .flatMap(Arrays::stream)
                        .mapToInt(list -> list.length)
                        .max()
                        .orElse(0);
    }

    /** Declares the lists. */
    public PageChoice declare(ProblemBuilder builder, Generator generator, TensorRole role, int maxChosen) {
        int numLists = lists.length == 0 ? 1 : lists[0].length;
        Dim slotAxis = Dim.fixed("numSlots", numSlots);
        Dim listAxis = Dim.fixed("numLists", numLists);
        var counts = builder.declare("choiceCounts", role, DType.I32, Layout.CONTIGUOUS, slotAxis, listAxis);
        var pages = builder.declare(
                "choicePages",
                role,
                DType.I32,
                Layout.CONTIGUOUS,
                slotAxis,
                listAxis,
                Dim.fixed("maxChosen", maxChosen));
        int[] countValues = new int[numSlots * numLists];
        int[] pageValues = new int[numSlots * numLists * maxChosen];
        Arrays.setAll(countValues, i -> generator.hostile());
        Arrays.setAll(pageValues, i -> generator.hostile());
        for (int s = 0; s < lists.length; s++) {
            for (int list = 0; list < numLists; list++) {
                int at = slots[s] * numLists + list;
                countValues[at] = lists[s][list].length;
                System.arraycopy(lists[s][list], 0, pageValues, at * maxChosen, lists[s][list].length);
            }
        }
        builder.data(counts).fill(countValues);
        builder.data(pages).fill(pageValues);
        return new PageChoice(
                counts, pages, builder.ints("slots", slots, builder.axis("numSeqs", lists.length)), scope);
    }
}
