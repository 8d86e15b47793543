package dev.filigree.host.decoder;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.AttentionTensors;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.api.op.Add;
import dev.filigree.api.op.Embedding;
import dev.filigree.api.op.RmsNorm;
import dev.filigree.api.op.Sample;
import dev.filigree.api.op.SwiGlu;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.host.checkpoint.WeightRole;
import dev.filigree.policies.layer.LayerAttention;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Builds the plan of one decoder step: embedding, layers, head. */
final class DecoderSteps {
    private final DecoderPlanner parts;
    private final DecoderConfig config;
    private final Phase phase;
    private final StepCapacity capacity;
    private final DecoderOutputs outputs;
    private final PlanBuilder builder;
    private final DecoderLinears linears;
    private final List<AttentionPlan> layers = new ArrayList<>();
    private final Dim numTokens;
    private final Dim numSeqs;
    private final Dim hidden;
    private final TensorRef normed;
    private final TensorRef delta;

    DecoderSteps(DecoderPlanner parts, Phase phase, StepCapacity capacity, DecoderOutputs outputs) {
        this.parts = parts;
        this.config = parts.model().config();
        this.phase = phase;
        this.capacity = capacity;
        this.outputs = outputs;
        builder = new PlanBuilder("decoder." + phase.name().toLowerCase(Locale.ROOT) + "." + outputs.id());
        numTokens = Dim.upTo("numTokens", capacity.numTokens());
        numSeqs = Dim.upTo("numSeqs", capacity.numSeqs());
        hidden = Dim.fixed("hidden", config.hiddenSize());
        linears = new DecoderLinears(parts, capacity, builder);
        normed = builder.temp("normed", parts.activations(), numTokens, hidden);
        delta = builder.temp("delta", parts.activations(), numTokens, hidden);
    }

    DecoderPlan plan() {
        TensorRef ids = builder.declare(DecoderTensors.TOKEN_IDS.name(), TensorRole.INPUT, DType.I32, numTokens);
        TensorRef stream = residual(0);
        builder.add(new Embedding(embedding(), ids, stream));
        for (int layer = 0; layer < config.numLayers(); layer++) {
            stream = layer(layer, stream);
        }
        if (outputs == DecoderOutputs.NEXT_TOKEN) {
            nextToken(stream);
        } else {
            everyPosition(stream);
        }
        return new DecoderPlan(builder.build(), layers, linears.schemes());
    }

    private TensorRef layer(int layer, TensorRef stream) {
        AttentionProblem problem = AttentionProblem.of(phase, layer, parts.kv(), parts.activations(), capacity);
        AttentionTensors t = new AttentionTensors(problem, builder);
        norm(WeightRole.ATTENTION_NORM, layer, stream, normed);
        linears.add(WeightRole.QUERY, WeightRole.QUERY_BIAS, layer, normed, t.q());
        linears.add(WeightRole.KEY, WeightRole.KEY_BIAS, layer, normed, t.k());
        linears.add(WeightRole.VALUE, WeightRole.VALUE_BIAS, layer, normed, t.v());
        if (config.qkNorm()) {
            norm(WeightRole.QUERY_NORM, layer, t.q(), t.q());
            norm(WeightRole.KEY_NORM, layer, t.k(), t.k());
        }
        LayerAttention attention = LayerAttention.of(
                problem, parts.attention(), Optional.of(parts.model().rotary()));
        builder.inline(attention.plan());
        layers.add(attention.attention());
        linears.add(WeightRole.OUTPUT, WeightRole.OUTPUT_BIAS, layer, t.out(), delta);
        TensorRef next = residual(layer + 1);
        builder.add(new Add(stream, delta, next));
        mlp(layer, next);
        return next;
    }

    private void mlp(int layer, TensorRef stream) {
        Dim intermediate = Dim.fixed("intermediate", config.intermediateSize());
        TensorRef gate = builder.temp("gate", parts.activations(), numTokens, intermediate);
        TensorRef up = builder.temp("up", parts.activations(), numTokens, intermediate);
        norm(WeightRole.MLP_NORM, layer, stream, normed);
        linears.add(WeightRole.GATE, WeightRole.GATE_BIAS, layer, normed, gate);
        linears.add(WeightRole.UP, WeightRole.UP_BIAS, layer, normed, up);
        builder.add(new SwiGlu(gate, up, gate));
        linears.add(WeightRole.DOWN, WeightRole.DOWN_BIAS, layer, gate, delta);
        builder.add(new Add(stream, delta, stream));
    }

    private void nextToken(TensorRef stream) {
        TensorRef rows = input(DecoderTensors.LAST_ROWS, DType.I32);
        TensorRef last = builder.temp("last", parts.activations(), numSeqs, hidden);
        TensorRef lastNormed = builder.temp("lastNormed", parts.activations(), numSeqs, hidden);
        builder.add(new Embedding(stream, rows, last));
        norm(WeightRole.FINAL_NORM, 0, last, lastNormed);
        TensorRef logits = logits(numSeqs);
        linears.addHead(lastNormed, logits, embedding(), "numSeqs", capacity.numSeqs());
        builder.add(new Sample(
                logits,
                input(DecoderTensors.TEMPERATURES, DType.F32),
                input(DecoderTensors.TOP_KS, DType.I32),
                input(DecoderTensors.TOP_PS, DType.F32),
                input(DecoderTensors.SEEDS, DType.I64),
                input(DecoderTensors.SAMPLE_POSITIONS, DType.I32),
                builder.declare(DecoderTensors.NEXT_TOKENS.name(), TensorRole.OUTPUT, DType.I32, numSeqs)));
    }

    private void everyPosition(TensorRef stream) {
        TensorRef last = residual(config.numLayers() + 1);
        norm(WeightRole.FINAL_NORM, 0, stream, last);
        linears.addHead(last, logits(numTokens), embedding(), "numTokens", capacity.numTokens());
    }

    /** One tensor worked on in place, or one per layer where the host wants to see them. */
    private TensorRef residual(int index) {
        return outputs == DecoderOutputs.NEXT_TOKEN
                ? builder.temp("residual", parts.activations(), numTokens, hidden)
                : builder.declare(
                        DecoderTensors.state(index).name(), TensorRole.OUTPUT, parts.activations(), numTokens, hidden);
    }

    private TensorRef logits(Dim rows) {
        return builder.declare(
                DecoderTensors.LOGITS.name(),
                TensorRole.OUTPUT,
                DType.F32,
                rows,
                Dim.fixed("vocab", config.vocabSize()));
    }

    private TensorRef input(TensorRef ref, DType dtype) {
        return builder.declare(ref.name(), TensorRole.INPUT, dtype, numSeqs);
    }

    private TensorRef embedding() {
        String name = WeightRole.EMBEDDING.tensorName(0);
        return builder.declare(
                name,
                TensorRole.WEIGHT,
                parts.model().weightType().apply(name),
                Dim.fixed("vocab", config.vocabSize()),
                hidden);
    }

    private void norm(WeightRole role, int layer, TensorRef x, TensorRef out) {
        String name = role.tensorName(layer);
        long width = builder.decl(x).dims().getLast().size();
        TensorRef weight = builder.declare(
                name, TensorRole.WEIGHT, parts.model().weightType().apply(name), Dim.fixed("hidden", width));
        builder.add(new RmsNorm((float) config.rmsNormEps(), x, weight, out));
    }
}
