package dev.filigree.host.eval;

import dev.filigree.api.attention.Phase;
import dev.filigree.host.Filigree;
import dev.filigree.host.Generation;
import dev.filigree.host.GenerationListener;
import dev.filigree.host.GenerationOptions;
import dev.filigree.host.Session;
import dev.filigree.host.calibrate.TextFile;
import dev.filigree.host.calibrate.decoder.ArraysReader;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.StepDensity;
import dev.filigree.host.needle.NeedleMaker;
import dev.filigree.host.needle.NeedlePrompt;
import dev.filigree.host.needle.NeedleTask;
import dev.filigree.policies.config.LimitsConfig;
import dev.filigree.policies.config.RunConfig;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BiConsumer;

/** Asks one config's model all prompts of a plan, greedily, one after the other. */
public final class EvalRun {
    private final EvalPlan plan;
    private final EvalLog log;
    private final OptionalInt probeTokens;
    private final NeedleMaker maker = new NeedleMaker();
    private String warm = "";

    /**
     * Runs that share prompts and a log.
     *
     * @param probeTokens size of the prompt with which every head's density and recall are measured; empty for none
     */
    public EvalRun(EvalPlan plan, EvalLog log, OptionalInt probeTokens) {
        this.plan = plan;
        this.log = log;
        this.probeTokens = probeTokens;
    }

    /**
     * Asks what the log does not know yet.
     *
     * @param name of the config in results
     * @param progress hears of every outcome: cases done, and the outcome
     * @return the outcomes of all cases of the plan, and the per-head map
     */
    public EvalReport run(String name, RunConfig config, BiConsumer<Integer, EvalResult> progress) {
        RunConfig sized = sized(config);
        List<EvalPlan.Case> cases = plan.cases();
        try (Filigree model = Filigree.open(sized)) {
            String fingerprint = name + "#" + Integer.toHexString(identity(config, model));
            for (int i = 0; i < cases.size(); i++) {
                EvalPlan.Case one = cases.get(i);
                if (log.find(fingerprint, one.toString()).isEmpty()) {
                    warmUp(model);
                    EvalResult result = ask(model, name, one);
                    log.add(fingerprint, result);
                    progress.accept(i + 1, result);
                }
            }
            List<EvalResult> results = cases.stream()
                    .map(one -> log.find(fingerprint, one.toString()).orElseThrow())
                    .toList();
            return new EvalReport(name, model.backend(), results, heads(model));
        }
    }

    /** Of everything that decides about an answer, tables that the config names included. */
    private static int identity(RunConfig config, Filigree model) {
        StringBuilder text =
                new StringBuilder(config.explain()).append(model.engine().kv());
        config.keySmoothing().ifPresent(file -> text.append(TextFile.read(file)));
        StepDensity.plan(model.engine(), Phase.PREFILL)
                .layers()
                .forEach(layer -> text.append(layer.patterns()).append(layer.constants()));
        return text.toString().hashCode();
    }

    /** A cache for the longest prompt, whatever the config says. */
    private RunConfig sized(RunConfig config) {
        LimitsConfig limits = config.limits();
        return config.withLimits(limits.withMaxContext(plan.maxSize()));
    }

    /** Answers one short prompt per config, so that no case's time holds what happens once. */
    private void warmUp(Filigree model) {
        String key = model.config().explain();
        if (!warm.equals(key)) {
            warm = key;
            ask(model, "", new EvalPlan.Case(NeedleTask.MULTIVALUE, NeedleMaker.MIN_TOKENS, 0.5, plan.seed()));
        }
    }

    private Optional<HeadDensity> heads(Filigree model) {
        if (probeTokens.isEmpty()) {
            return Optional.empty();
        }
        NeedlePrompt prompt = maker.make(NeedleTask.MULTIVALUE, probeTokens.getAsInt(), 0.5, plan.seed());
        int[] ids = model.tokenizer().encode(prompt.prompt(), true);
        Engine engine = model.engine();
        DensityProbe probe = new DensityProbe(
                ArraysReader.read(model.config().model(), ids.length),
                StepDensity.plan(engine, Phase.PREFILL),
                engine.kv(),
                engine.selection().backend());
        return Optional.of(probe.run("a multivalue prompt of " + ids.length + " tokens", ids));
    }

    private EvalResult ask(Filigree model, String name, EvalPlan.Case one) {
        NeedlePrompt prompt = maker.make(one.task(), one.size(), one.depth(), one.seed());
        int[] ids = model.tokenizer().encode(prompt.prompt(), true);
        int answerTokens = model.tokenizer().encode(prompt.answer(), false).length;
        try (Session session = model.openSession()) {
            Generation answer =
                    session.append(ids).generate(GenerationOptions.greedy(answerTokens), GenerationListener.NONE);
            Generation.Timing timing = answer.timing();
            StepDensity density = StepDensity.of(model.engine(), ids.length, session.numTokens());
            return new EvalResult(
                    name,
                    one.toString(),
                    one.task(),
                    one.size(),
                    one.depth(),
                    prompt.answer(),
                    answer.text(),
                    ids.length,
                    timing.prefillNanos() / 1e9,
                    timing.decodeNanos() / 1e9,
                    density.prefill(),
                    density.decode(),
                    model.engine().kv().bytesFor(session.numTokens()));
        }
    }
}
