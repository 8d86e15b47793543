package dev.filigree.host;

import dev.filigree.api.attention.Phase;
import dev.filigree.host.decoder.DecoderOutputs;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.Step;
import java.util.ArrayList;
import java.util.List;

/**
 * Drives several answers at once: prompts are read in chunks that may hold parts of several, then all answers draw one
 * token per step.
 */
final class GenerationLoop {
    private final Engine engine;
    private final int chunkMultiple;
    private final List<GenerationRun> runs;
    private final Step step = new Step();
    private final List<GenerationRun> inStep = new ArrayList<>();
    private int[] drawn = new int[4];

    GenerationLoop(Engine engine, List<GenerationRun> runs) {
        this.engine = engine;
        this.chunkMultiple = engine.planner().attention().chunkMultiple();
        this.runs = runs;
    }

    List<Generation> run() {
        while (advance()) {
            // each turn is one step of the engine
        }
        return runs.stream().map(GenerationRun::end).toList();
    }

    private boolean advance() {
        boolean reading = false;
        boolean running = false;
        for (GenerationRun run : runs) {
            run.checkCancelled();
            running |= run.isRunning();
            reading |= run.isReading();
        }
        if (running) {
            long start = System.nanoTime();
            fill(reading ? Phase.PREFILL : Phase.DECODE);
            compute();
            report(reading, System.nanoTime() - start);
        }
        return running;
    }

    private void fill(Phase phase) {
        step.start(phase, DecoderOutputs.NEXT_TOKEN);
        inStep.clear();
        int room = engine.limits().chunkTokens();
        for (GenerationRun run : runs) {
            if (inStep.size() == engine.limits().maxSeqs()) {
                break;
            }
            int count = phase == Phase.DECODE ? decodeCount(run) : chunk(run, room);
            if (count > 0) {
                Session session = run.session();
                step.add(
                        session.sequence(),
                        session.ids(),
                        (int) session.sequence().length(),
                        count,
                        run.sampling());
                inStep.add(run);
                room -= count;
            }
        }
    }

    private static int decodeCount(GenerationRun run) {
        return run.isRunning() ? 1 : 0;
    }

    /** Prompt tokens for a step; a chunk that does not end the prompt ends where the next one may start. */
    private int chunk(GenerationRun run, int room) {
        if (!run.isReading()) {
            return 0;
        }
        int pending = run.session().numPending();
        if (pending <= room) {
            return pending;
        }
        long past = run.session().sequence().length();
        long end = (past + room) / chunkMultiple * chunkMultiple;
        return (int) Math.max(0, end - past);
    }

    private void compute() {
        if (drawn.length < inStep.size()) {
            drawn = new int[inStep.size()];
        }
        engine.run(step, results -> {
            for (int seq = 0; seq < inStep.size(); seq++) {
                drawn[seq] = results.nextToken(seq);
            }
        });
    }

    private void report(boolean reading, long nanos) {
        for (int seq = 0; seq < inStep.size(); seq++) {
            GenerationRun run = inStep.get(seq);
            if (reading) {
                run.read(nanos);
            }
            if (run.session().numPending() == 0) {
                run.drew(drawn[seq], nanos);
            }
        }
    }
}
