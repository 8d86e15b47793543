package dev.filigree.host.cli;

import dev.filigree.host.Filigree;
import dev.filigree.host.Generation;
import dev.filigree.host.GenerationListener;
import dev.filigree.host.GenerationOptions;
import dev.filigree.host.Session;
import dev.filigree.host.engine.Admission;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.StepDensity;
import dev.filigree.host.tokenizer.Tokenizer;
import dev.filigree.policies.config.GenerationConfig;
import dev.filigree.policies.config.LimitsConfig;
import dev.filigree.policies.config.RunConfig;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Opens the model of a config, answers one prompt and closes it. */
final class RunTask implements Callable<RunOutcome> {
    private final RunConfig config;
    private final String prompt;
    private final PrintWriter err;
    private final @Nullable PrintWriter stream;

    /** A run that shows progress on {@code err} and, if given, the answer on {@code stream} as it comes. */
    RunTask(RunConfig config, String prompt, PrintWriter err, @Nullable PrintWriter stream) {
        this.config = config;
        this.prompt = prompt;
        this.err = err;
        this.stream = stream;
    }

    @Override
    public RunOutcome call() {
        long start = System.nanoTime();
        int[] ids = Tokenizer.read(config.model()).encode(prompt, true);
        try (Filigree model = Filigree.open(sized(ids.length));
                Session session = model.openSession()) {
            long opened = System.nanoTime() - start;
            Progress progress = new Progress();
            Generation answer = session.append(ids).generate(options(), progress);
            progress.end();
            return outcome(model, session.numTokens(), ids.length, answer, opened);
        }
    }

    /** Only as large a cache as this prompt and its answer need, unless the config says how large. */
    private RunConfig sized(int promptTokens) {
        LimitsConfig limits = config.limits();
        if (limits.maxContext().isPresent()) {
            return config;
        }
        long needed = promptTokens + Math.max(1L, config.generation().maxTokens());
        return config.withLimits(limits.withMaxContext(needed));
    }

    private GenerationOptions options() {
        GenerationConfig g = config.generation();
        return new GenerationOptions(g.maxTokens(), g.temperature(), g.topK(), g.topP(), g.seed(), g.stopAtEos());
    }

    private RunOutcome outcome(Filigree model, int numTokens, int promptTokens, Generation answer, long opened) {
        Engine engine = model.engine();
        StepDensity density = StepDensity.of(engine, promptTokens, numTokens);
        return new RunOutcome(
                config,
                model.backend(),
                engine.kv(),
                density.linearSchemes(),
                answer,
                density.prefill(),
                density.decode(),
                engine.kv().bytesFor(numTokens),
                Admission.text(
                        engine.kv(), engine.limits().maxSeqs(), config.limits().swapBudgetBytes(), numTokens),
                model.load(),
                opened);
    }

    private final class Progress implements GenerationListener {
        private ProgressBar bar = new ProgressBar(err);
        private boolean answering;

        @Override
        public void onPrefill(int done, int total) {
            bar.show("reading", done, total);
        }

        @Override
        public void onToken(int count) {
            if (!answering) {
                answering = true;
                bar.clear();
                bar = new ProgressBar(err);
            }
            if (stream == null) {
                bar.show("answering", count, config.generation().maxTokens());
            }
        }

        @Override
        public void onText(String text) {
            if (stream != null) {
                stream.print(text);
                stream.flush();
            }
        }

        void end() {
            bar.clear();
            if (stream != null) {
                stream.println();
                stream.println();
            }
        }
    }
}
