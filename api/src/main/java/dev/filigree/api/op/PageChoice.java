package dev.filigree.api.op;

import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.DType;

/**
 * Chosen pages of a decode step, made by {@link PageSelect} and read by {@link PagedAttention}.
 *
 * @param counts {@code [numSlots, numLists]} i32, chosen pages per list
 * @param pages {@code [numSlots, numLists, maxChosen]} i32, page numbers within the sequence (not page ids),
 *     ascending and distinct; entries past the count are not read
 * @param slots {@code [numSeqs]} i32, the row of each sequence of the batch; lists outlive the batch they were
 *     chosen in
 * @param scope which heads share a list
 */
public record PageChoice(TensorRef counts, TensorRef pages, TensorRef slots, SelectionScope scope) {

    /** Which heads share one list. */
    public enum SelectionScope {
        /** One list per query head; numLists = numQoHeads. */
        QUERY_HEAD,
        /** One list per KV head, so that a group reads each page once; numLists = numKvHeads. */
        KV_GROUP;

        /** Lists of a layer. */
        public int numLists(int numQoHeads, int numKvHeads) {
            return this == QUERY_HEAD ? numQoHeads : numKvHeads;
        }
    }

    void check(String op, Tensors tensors, int numQoHeads, int numKvHeads) {
        int lists = scope.numLists(numQoHeads, numKvHeads);
        TensorDecl countDecl = tensors.requireRank(op, tensors.require(op, counts, DType.I32), 2);
        tensors.requireExtent(op, countDecl, 1, lists);
        TensorDecl pageDecl = tensors.requireRank(op, tensors.require(op, pages, DType.I32), 3);
        tensors.requireExtent(op, pageDecl, 1, lists);
        tensors.requireIndices(op, slots);
    }
}
