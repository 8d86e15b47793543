package dev.filigree.host.explain;

import dev.filigree.api.plan.Cost;

/**
 * What one phase costs on paper.
 *
 * @param cost of the whole step
 * @param attentionFlops the attention ops' part of it
 * @param density share of reachable query/key pairs that is computed
 * @param workspaceBytes temporaries of the step
 * @param plan the steps as text, layers that are alike once
 */
public record PhaseCost(Cost cost, double attentionFlops, double density, long workspaceBytes, String plan) {}
