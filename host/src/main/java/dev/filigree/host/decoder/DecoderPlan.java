package dev.filigree.host.decoder;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.ConstantTable;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.TensorDecl;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * One decoder step, from token ids to logits.
 *
 * @param plan all steps
 * @param layers per layer, what the attention policy planned
 * @param linearSchemes names of the storage schemes in use
 */
public record DecoderPlan(Plan plan, List<AttentionPlan> layers, SortedSet<String> linearSchemes) {

    /** Copies the collections. */
    public DecoderPlan {
        layers = List.copyOf(layers);
        linearSchemes = java.util.Collections.unmodifiableSortedSet(new TreeSet<>(linearSchemes));
    }

    /** Tables that policies bring along, by tensor name. */
    public Map<String, ConstantTable> constants() {
        Map<String, ConstantTable> tables = new LinkedHashMap<>();
        layers.forEach(layer ->
                layer.constants().forEach(table -> tables.put(table.decl().ref().name(), table)));
        return tables;
    }

    /** State that policies keep per sequence, by tensor name. */
    public Map<String, TensorDecl> policyState() {
        Map<String, TensorDecl> state = new LinkedHashMap<>();
        layers.forEach(layer ->
                layer.policyState().forEach(decl -> state.put(decl.ref().name(), decl)));
        return state;
    }
}
