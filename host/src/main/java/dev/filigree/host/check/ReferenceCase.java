package dev.filigree.host.check;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What another implementation computed for one prompt, in fp32 on the stored weights.
 *
 * @param name for people
 * @param ids the prompt
 * @param logits by position, one value per vocabulary entry
 * @param argmax by position, the largest logit's index
 * @param norms L2 norms of hidden states
 * @param greedyPrompt how many of the ids the continuation starts from
 * @param greedyIds what greedy decoding continues with
 * @param greedyText the same as text, if the file has it
 */
public record ReferenceCase(
        String name,
        List<Integer> ids,
        Map<Integer, List<Double>> logits,
        Map<Integer, Integer> argmax,
        List<StateNorms> norms,
        int greedyPrompt,
        List<Integer> greedyIds,
        Optional<String> greedyText) {

    /** Copies the collections. */
    public ReferenceCase {
        ids = List.copyOf(ids);
        logits = java.util.Collections.unmodifiableMap(new TreeMap<>(logits));
        argmax = java.util.Collections.unmodifiableMap(new TreeMap<>(argmax));
        norms = List.copyOf(norms);
        greedyIds = List.copyOf(greedyIds);
        if (greedyPrompt < 1 || greedyPrompt > ids.size()) {
            throw new ReferenceException("case " + name + " continues from " + greedyPrompt
                    + " ids; accepted: 1 to the " + ids.size() + " that it has");
        }
    }

    /**
     * Norms of one hidden state at evenly spaced positions from 0.
     *
     * @param state as in {@code StepResults.state}
     * @param stride positions between two values
     * @param values in order of position
     */
    public record StateNorms(int state, int stride, List<Double> values) {
        /** Copies the list. */
        public StateNorms {
            values = List.copyOf(values);
        }

        /** Whether there is a value for a position. */
        boolean has(int position) {
            return position % stride == 0 && position / stride < values.size();
        }

        double at(int position) {
            return values.get(position / stride);
        }
    }

    /** The ids as an array. */
    public int[] idArray() {
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }
}
