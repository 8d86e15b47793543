package dev.filigree.host.explain;

import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.plan.WorkspaceLayout;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.host.decoder.AttentionDensity;
import dev.filigree.host.decoder.DecoderModel;
import dev.filigree.host.decoder.DecoderOutputs;
import dev.filigree.host.decoder.DecoderPlan;
import dev.filigree.host.decoder.DecoderPlanner;
import dev.filigree.host.engine.EngineConfig;
import dev.filigree.host.engine.EngineModel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SortedSet;
import java.util.stream.IntStream;

/**
 * What a run would do and cost, before any backend.
 *
 * @param model the decoder, in one line
 * @param kv where keys and values would live
 * @param policy what the attention policy decided for the model, one line each, may be empty
 * @param heads what each KV head computes, as text
 * @param weightBytes bytes of all weights as stored
 * @param linearSchemes storage schemes of the projections
 * @param admission how many such sequences are answered at once, and what happens to more
 * @param prefill reading all prompt tokens, with the workspace of one chunk
 * @param decode the token after them
 */
public record Explanation(
        String model,
        KvCachePlan kv,
        List<String> policy,
        String heads,
        long weightBytes,
        SortedSet<String> linearSchemes,
        String admission,
        PhaseCost prefill,
        PhaseCost decode) {

    /**
     * Explains a run.
     *
     * @param config the engine's parts
     * @param backends whose measured constants plans may use; none is opened
     * @param promptTokens to price
     * @throws IllegalArgumentException if the model's context is shorter
     */
    public static Explanation of(EngineConfig config, BackendSelector backends, int promptTokens) {
        DecoderConfig decoder = DecoderConfig.read(config.checkpoint());
        long context = config.limits(decoder).maxTokens();
        if (promptTokens >= context) {
            throw new IllegalArgumentException(
                    "tokens must be below the " + context + " of the context (limits.maxContext), not " + promptTokens);
        }
        Map<String, DType> types = weightTypes(config.checkpoint());
        DecoderModel model =
                DecoderModel.of(decoder, name -> types.getOrDefault(name, DType.BF16), Math.toIntExact(context));
        DecoderPlanner anywhere = EngineModel.of(model, config).planner();
        DecoderPlanner planner = backends.likely(config.backend())
                .map(name -> anywhere.on(backends.crossover(name)))
                .orElse(anywhere);
        int chunk = Math.min(promptTokens, config.chunkTokens());
        StepCapacity one = new StepCapacity(chunk, 1, 1, promptTokens, promptTokens);
        StepCapacity next = new StepCapacity(1, 1, 1, promptTokens + 1L, promptTokens + 1L);
        DecoderPlan prefill = planner.plan(Phase.PREFILL, one, DecoderOutputs.NEXT_TOKEN);
        DecoderPlan decode = planner.plan(Phase.DECODE, next, DecoderOutputs.NEXT_TOKEN);
        return new Explanation(
                line(decoder),
                planner.kv(),
                planner.attention().explain(planner.kv().geometry(), promptTokens),
                HeadText.of(planner.kv(), prefill.layers(), decode.layers()),
                weightBytes(decode),
                decode.linearSchemes(),
                admission(planner.kv(), config, promptTokens + 1L),
                cost(planner, prefill, Phase.PREFILL, promptTokens, promptTokens),
                cost(planner, decode, Phase.DECODE, 1, promptTokens + 1L));
    }

    private static PhaseCost cost(DecoderPlanner planner, DecoderPlan plan, Phase phase, long numTokens, long context) {
        double expected = IntStream.range(0, plan.layers().size())
                .mapToDouble(layer -> planner.attention().expectedDensity(phase, layer, context))
                .average()
                .orElse(1);
        Workload load = new Workload(1, numTokens, context, expected);
        double attention = plan.layers().stream()
                .mapToDouble(layer -> AttentionDensity.flops(layer, load))
                .sum();
        return new PhaseCost(
                plan.plan().cost(load),
                attention,
                steps(planner, plan, phase, load),
                AttentionDensity.of(plan, planner, phase, numTokens, context),
                WorkspaceLayout.of(plan.plan(), 0).totalBytes(),
                PlanText.of(plan.plan()));
    }

    private static String admission(KvCachePlan kv, EngineConfig config, long numTokens) {
        int fits = config.maxSeqs();
        for (int kvClass = 0; kvClass < kv.classes().size(); kvClass++) {
            long each = kv.classes().get(kvClass).pagesFor(numTokens);
            fits = (int) Math.min(fits, kv.numPages().get(kvClass) / Math.max(1, each));
        }
        return fits + " of at most " + config.maxSeqs() + " sequences of " + numTokens + " tokens at once, then "
                + (config.swapBudgetBytes() == 0
                        ? "requests wait"
                        : "idle sessions leave for the host and requests wait");
    }

    /** Data-dependent steps count at the density that the policy expects of their layer. */
    private static SequencedMap<String, Cost> steps(
            DecoderPlanner planner, DecoderPlan plan, Phase phase, Workload load) {
        SequencedMap<String, Cost> steps = new LinkedHashMap<>();
        for (int layer = 0; layer < plan.layers().size(); layer++) {
            Plan attention = plan.layers().get(layer).plan();
            double expected = planner.attention().expectedDensity(phase, layer, load.contextTokens());
            Workload own = new Workload(load.numSeqs(), load.numTokens(), load.contextTokens(), expected);
            attention.ops().forEach(op -> steps.merge(op.opName(), op.cost(attention.tensors(), own), Cost::plus));
        }
        return steps;
    }

    private static long weightBytes(DecoderPlan plan) {
        return plan.plan().tensors().all().stream()
                .filter(decl -> decl.role() == TensorRole.WEIGHT)
                .mapToLong(TensorDecl::capacityBytes)
                .sum();
    }

    /** Types from the headers of the weight files, or none where there are no weights yet. */
    private static Map<String, DType> weightTypes(Path folder) {
        Map<String, DType> types = new HashMap<>();
        if (Checkpoint.hasWeights(folder)) {
            try (Checkpoint checkpoint = Checkpoint.open(folder)) {
                checkpoint
                        .tensors()
                        .forEach((name, tensor) ->
                                types.put(name, DecoderModel.dtype(tensor.spec().type())));
            }
        }
        return types;
    }

    private static String line(DecoderConfig c) {
        return c.modelType() + ", " + c.numLayers() + " layers, hidden " + c.hiddenSize() + ", intermediate "
                + c.intermediateSize() + ", heads " + c.numQoHeads() + "/" + c.numKvHeads() + " of " + c.headDim()
                + ", vocabulary " + c.vocabSize() + (c.tiedEmbeddings() ? ", tied" : "") + ", up to " + c.maxPosition()
                + " positions";
    }
}
