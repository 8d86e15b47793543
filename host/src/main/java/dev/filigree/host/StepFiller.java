package dev.filigree.host;

import dev.filigree.api.attention.Phase;
import dev.filigree.host.decoder.DecoderOutputs;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.Step;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Chooses what the next step computes. Steps that read prompts and steps that draw tokens take turns while there are
 * both. A prompt is cut into the chunks it would be cut into alone, whoever else is served, and a step takes whole
 * chunks, from the prompts served longest ago, as many as {@code limits.prefillChunk} tokens hold. Guarded by the
 * scheduler's lock.
 */
final class StepFiller {
    private final int chunkTokens;
    private final int chunkMultiple;
    private final Step step = new Step();
    private final Set<GenerationRun> turns = new LinkedHashSet<>();
    private Phase last = Phase.DECODE;

    StepFiller(Engine engine) {
        chunkTokens = engine.limits().chunkTokens();
        chunkMultiple = engine.planner().attention().chunkMultiple();
    }

    Step step() {
        return step;
    }

    /** Fills the step from runs whose threads have heard of their last one; empty if there are none. */
    List<GenerationRun> fill(List<GenerationRun> active) {
        turns.retainAll(active);
        turns.addAll(active);
        List<GenerationRun> ready =
                active.stream().filter(GenerationRun::isReady).toList();
        boolean reading = ready.stream().anyMatch(GenerationRun::isReading);
        boolean drawing = ready.stream().anyMatch(run -> !run.isReading());
        Phase phase = reading && !(drawing && last == Phase.PREFILL) ? Phase.PREFILL : Phase.DECODE;
        step.start(phase, DecoderOutputs.NEXT_TOKEN);
        if (ready.isEmpty()) {
            return List.of();
        }
        last = phase;
        return phase == Phase.PREFILL ? readers() : drawers(ready);
    }

    private List<GenerationRun> drawers(List<GenerationRun> ready) {
        List<GenerationRun> inStep =
                ready.stream().filter(run -> !run.isReading()).toList();
        inStep.forEach(run -> add(run, 1));
        return inStep;
    }

    private List<GenerationRun> readers() {
        List<GenerationRun> inStep = new ArrayList<>();
        int room = chunkTokens;
        for (GenerationRun run : turns) {
            int count = run.isReady() && run.isReading() ? chunk(run) : 0;
            if (count > 0 && count <= room) {
                add(run, count);
                inStep.add(run);
                room -= count;
            }
        }
        inStep.forEach(turns::remove);
        turns.addAll(inStep);
        return inStep;
    }

    private void add(GenerationRun run, int count) {
        Session session = run.session();
        step.add(session.sequence(), session.ids(), (int) session.sequence().length(), count, run.sampling());
    }

    /** Tokens of the next chunk; one that does not end the prompt ends where the next one may start. */
    private int chunk(GenerationRun run) {
        int pending = run.session().numPending();
        if (pending <= chunkTokens) {
            return pending;
        }
        long past = run.session().sequence().length();
        long end = (past + chunkTokens) / chunkMultiple * chunkMultiple;
        return (int) (end > past ? end - past : chunkTokens);
    }
}
