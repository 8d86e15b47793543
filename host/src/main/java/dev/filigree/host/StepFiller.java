package dev.filigree.host;

import dev.filigree.api.attention.Phase;
import dev.filigree.host.decoder.DecoderOutputs;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.EngineLimits;
import dev.filigree.host.engine.Step;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Chooses what the next step computes. Steps that read prompts and steps that draw tokens take turns while there are
 * both. A chunk of a prompt has its step to itself and is cut as it would be cut alone, so what it computes cannot depend
 * on who else is served; prompts take turns chunk by chunk. Up to
 * 32 answers that are being drawn share a step. Guarded by the
 * scheduler's lock.
 */
final class StepFiller {
    /** As many as a backend computes alike whether they are one or all; see {@code docs/serving.md}. */
    private static final int MAX_DRAWERS = 32;

    private final EngineLimits limits;
    private final int chunkMultiple;
    private final Step step = new Step();
    private final Set<GenerationRun> turns = new LinkedHashSet<>();
    private Phase last = Phase.DECODE;

    StepFiller(Engine engine) {
        limits = engine.limits();
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
        return phase == Phase.PREFILL ? reader() : drawers();
    }

    private List<GenerationRun> drawers() {
        List<GenerationRun> inStep = turns.stream()
                .filter(run -> run.isReady() && !run.isReading())
                .limit(MAX_DRAWERS)
                .toList();
        for (GenerationRun run : inStep) {
            add(run, 1);
            turns.remove(run);
            turns.add(run);
        }
        return inStep;
    }

    /** The prompt that waited longest for its turn. */
    private List<GenerationRun> reader() {
        for (GenerationRun run : turns) {
            if (run.isReady() && run.isReading()) {
                Session session = run.session();
                add(run, limits.chunk(session.sequence().length(), session.numPending(), chunkMultiple));
                turns.remove(run);
                turns.add(run);
                return List.of(run);
            }
        }
        return List.of();
    }

    private void add(GenerationRun run, int count) {
        Session session = run.session();
        step.add(session.sequence(), session.ids(), (int) session.sequence().length(), count, run.sampling());
    }
}
