package dev.filigree.host.explain;

import dev.filigree.api.plan.Cost;
import java.util.SequencedMap;

/**
 * What one phase costs on paper.
 *
 * @param cost of the whole step
 * @param attentionFlops the attention ops' part of it
 * @param attentionSteps what each kind of step of the attention policy costs, all layers together, in order
 * @param density share of reachable query/key pairs that is computed
 * @param workspaceBytes temporaries of the step
 * @param plan the steps as text, layers that are alike once
 */
public record PhaseCost(
        Cost cost,
        double attentionFlops,
        SequencedMap<String, Cost> attentionSteps,
        double density,
        long workspaceBytes,
        String plan) {}
