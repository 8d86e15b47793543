package dev.filigree.host.cli;

import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.host.decoder.AttentionDensity;
import dev.filigree.host.decoder.DecoderOutputs;
import dev.filigree.host.decoder.DecoderPlan;
import dev.filigree.host.engine.Engine;
import java.util.SortedSet;

/**
 * What policies leave of attention over one sequence.
 *
 * @param linearSchemes how projections are stored
 * @param prefill share of reachable query/key pairs that the prompt's attention computes
 * @param decode the same of the last answer token
 */
record StepDensity(SortedSet<String> linearSchemes, double prefill, double decode) {

    static StepDensity of(Engine engine, int promptTokens, int numTokens) {
        int most = engine.limits().maxTokens();
        StepCapacity one = new StepCapacity(most, 1, 1, most, most);
        DecoderPlan prefill = engine.planner().plan(Phase.PREFILL, one, DecoderOutputs.NEXT_TOKEN);
        DecoderPlan decode = engine.planner().plan(Phase.DECODE, one, DecoderOutputs.NEXT_TOKEN);
        return new StepDensity(
                prefill.linearSchemes(),
                AttentionDensity.of(prefill, engine.planner(), Phase.PREFILL, promptTokens, promptTokens),
                AttentionDensity.of(decode, engine.planner(), Phase.DECODE, 1, numTokens));
    }
}
