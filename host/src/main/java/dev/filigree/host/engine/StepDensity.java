package dev.filigree.host.engine;

import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.host.decoder.AttentionDensity;
import dev.filigree.host.decoder.DecoderOutputs;
import dev.filigree.host.decoder.DecoderPlan;
import java.util.SortedSet;

/**
 * What policies leave of attention over one sequence.
 *
 * @param linearSchemes how projections are stored
 * @param prefill share of reachable query/key pairs that the prompt's attention computes
 * @param decode the same of the last answer token
 */
public record StepDensity(SortedSet<String> linearSchemes, double prefill, double decode) {

    /** Of a prompt, and of the last token of a sequence. */
    public static StepDensity of(Engine engine, int promptTokens, int numTokens) {
        DecoderPlan prefill = plan(engine, Phase.PREFILL);
        DecoderPlan decode = plan(engine, Phase.DECODE);
        return new StepDensity(
                prefill.linearSchemes(),
                AttentionDensity.of(prefill, engine.planner(), Phase.PREFILL, promptTokens, promptTokens),
                AttentionDensity.of(decode, engine.planner(), Phase.DECODE, 1, numTokens));
    }

    /** The plan of a step of one sequence as long as the engine allows. */
    public static DecoderPlan plan(Engine engine, Phase phase) {
        int most = engine.limits().maxTokens();
        return engine.planner().plan(phase, new StepCapacity(most, 1, 1, most, most), DecoderOutputs.NEXT_TOKEN);
    }
}
