package dev.filigree.host.cli;

import dev.filigree.api.attention.Phase;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.tensor.OutOfMemoryException;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.decoder.DecoderOutputs;
import dev.filigree.host.engine.CacheFullException;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.EngineConfig;
import dev.filigree.host.engine.Sampling;
import dev.filigree.host.engine.Sequence;
import dev.filigree.host.engine.Step;
import dev.filigree.host.engine.StepDensity;
import dev.filigree.host.wiring.EngineParts;
import dev.filigree.policies.config.LimitsConfig;
import dev.filigree.policies.config.RunConfig;
import java.io.PrintWriter;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.Callable;

/** Opens the model of a config, reads or fills a context, draws tokens, and closes it. */
final class BenchTask implements Callable<BenchOutcome> {
    /** Steps before those that are timed: they make the plan of a decode step. */
    private static final int WARM_UP = 4;

    private final RunConfig config;
    private final Shape shape;
    private final PrintWriter err;
    private final Step step = new Step();
    private final int[] drawn = new int[1];

    /**
     * What is measured.
     *
     * @param tokens of the prompt
     * @param decode tokens drawn after it
     * @param rounds times that everything is done
     * @param fill whether the cache is filled instead of read into
     * @param seed of random weights; absent: the checkpoint's
     */
    record Shape(int tokens, int decode, int rounds, boolean fill, OptionalLong seed) {}

    BenchTask(RunConfig config, Shape shape, PrintWriter err) {
        this.config = config;
        this.shape = shape;
        this.err = err;
    }

    @Override
    public BenchOutcome call() {
        BackendSelector backends = BackendSelector.installed();
        EngineConfig parts = EngineParts.of(sized(), backends);
        try (Engine engine = shape.seed().isPresent()
                ? new Engine(
                        parts,
                        backends,
                        folder -> Checkpoint.random(folder, shape.seed().getAsLong()))
                : new Engine(parts, backends)) {
            return measure(engine);
        } catch (OutOfMemoryException | CacheFullException e) {
            return BenchOutcome.failed(config, shape.tokens(), String.valueOf(e.getMessage()));
        }
    }

    /** One sequence of exactly this length. */
    private RunConfig sized() {
        LimitsConfig limits = config.limits();
        OptionalLong context = OptionalLong.of((long) shape.tokens() + WARM_UP + shape.decode());
        return config.withLimits(
                new LimitsConfig(context, 1, limits.prefillChunk(), OptionalLong.empty(), limits.maxQueue(), 0, 0));
    }

    private BenchOutcome measure(Engine engine) {
        ProgressBar bar = new ProgressBar(err);
        int[] prompt = new Random(1)
                .ints(shape.tokens(), 0, engine.decoder().vocabSize())
                .toArray();
        long first = 0;
        long last = 0;
        double decode = 0;
        for (int round = 0; round < shape.rounds(); round++) {
            try (Sequence sequence = engine.openSequence()) {
                long nanos = shape.fill() ? fill(engine, sequence) : read(engine, sequence, prompt, bar);
                first = round == 0 ? nanos : first;
                last = nanos;
                draw(engine, sequence, WARM_UP);
                decode = (double) draw(engine, sequence, shape.decode()) / shape.decode();
            }
        }
        bar.clear();
        int numTokens = shape.tokens() + WARM_UP + shape.decode();
        StepDensity density = StepDensity.of(engine, shape.tokens(), numTokens);
        return new BenchOutcome(
                config,
                shape.tokens(),
                "",
                engine.selection().reason(),
                density.linearSchemes(),
                first,
                last,
                decode,
                density.prefill(),
                density.decode(),
                engine.kv().bytesFor(numTokens),
                engine.kv().totalBytes());
    }

    private long fill(Engine engine, Sequence sequence) {
        engine.fill(sequence, shape.tokens());
        drawn[0] = 0;
        return 0;
    }

    private long read(Engine engine, Sequence sequence, int[] prompt, ProgressBar bar) {
        int multiple = engine.planner().attention().chunkMultiple();
        long start = System.nanoTime();
        int from = 0;
        while (from < prompt.length) {
            int count = engine.limits().chunk(from, prompt.length - from, multiple);
            run(
                    engine,
                    step.start(Phase.PREFILL, DecoderOutputs.NEXT_TOKEN)
                            .add(sequence, prompt, from, count, Sampling.GREEDY));
            from += count;
            bar.show("reading", from, prompt.length);
        }
        return System.nanoTime() - start;
    }

    private long draw(Engine engine, Sequence sequence, int count) {
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            run(
                    engine,
                    step.start(Phase.DECODE, DecoderOutputs.NEXT_TOKEN).add(sequence, drawn, 0, 1, Sampling.GREEDY));
        }
        return System.nanoTime() - start;
    }

    private void run(Engine engine, Step filled) {
        engine.run(filled, results -> drawn[0] = results.nextToken(0));
    }
}
