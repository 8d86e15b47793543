package dev.filigree.host.diffusion;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.AttentionTensors;
import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.api.op.Add;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.op.LayerNorm;
import dev.filigree.api.op.Modulate;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.layer.LayerAttention;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Builds the plan of one Euler step: patches in, blocks, velocity, next picture. */
final class PictureSteps {
    /** Order of a block's six modulation vectors. */
    private static final int SHIFT_1 = 0;

    private static final int SCALE_1 = 1;
    private static final int GATE_1 = 2;
    private static final int SHIFT_2 = 3;
    private static final int SCALE_2 = 4;
    private static final int GATE_2 = 5;
    static final int VECTORS = 6;

    private final DitPlanner parts;
    private final DitConfig config;
    private final DitCapacity capacity;
    private final AttentionPolicy attention;
    private final double guidance;
    private final DitBuilder builder;
    private final PlanBuilder plan;
    private final List<AttentionPlan> blocks = new ArrayList<>();
    private final Dim numTokens;
    private final Dim numSeqs;
    private final Dim numPatches;
    private final Dim hidden;
    private final Dim patchValues;
    private final TensorRef stream;
    private final TensorRef normed;
    private final TensorRef delta;

    PictureSteps(DitPlanner parts, DitCapacity capacity, AttentionPolicy attention, double guidance, boolean observe) {
        this.parts = parts;
        this.capacity = capacity;
        this.attention = attention;
        this.guidance = guidance;
        config = parts.config();
        builder = new DitBuilder("dit.step." + attention.name(), parts, observe);
        plan = builder.plan();
        numTokens = Dim.upTo("numTokens", capacity.numTokens());
        numSeqs = Dim.upTo("numSeqs", capacity.numSeqs());
        numPatches = Dim.upTo("numPatches", capacity.numPatches());
        hidden = Dim.fixed("hidden", config.hiddenSize());
        patchValues = Dim.fixed("patchValues", config.patchValues());
        stream = builder.temp("stream", numTokens, hidden);
        normed = builder.temp("normed", numTokens, hidden);
        delta = builder.temp("delta", numTokens, hidden);
    }

    DitPlan plan() {
        TensorRef picture = plan.declare(DitTensors.PICTURE, TensorRole.STATE, DType.F32, numPatches, patchValues);
        patches(picture);
        for (int block = 0; block < config.numLayers(); block++) {
            block(block);
        }
        velocity(picture);
        return new DitPlan(plan.build(), blocks, builder.schemes());
    }

    private void patches(TensorRef picture) {
        TensorRef cut = builder.rows(
                picture,
                builder.ints(DitTensors.PICTURE_ROWS, numTokens),
                builder.temp("patches", numTokens, patchValues));
        builder.linear("patch", cut, numTokens, stream);
        TensorRef positions = builder.weight("position", Dim.fixed("patchesPerPicture", config.numPatches()), hidden);
        TensorRef places = builder.ints(DitTensors.PATCH_POSITIONS, numTokens);
        builder.plusRows(stream, positions, places, delta, stream);
    }

    private void block(int block) {
        List<TensorRef> vectors = IntStream.range(0, VECTORS)
                .mapToObj(vector -> vector(block, vector))
                .toList();
        AttentionProblem problem = problem(block);
        AttentionTensors t = new AttentionTensors(problem, plan);
        norm(vectors.get(SCALE_1), vectors.get(SHIFT_1), t.qOffsets());
        builder.group(DitGroup.selfQkv(config, block), normed, numTokens, List.of(t.q(), t.k(), t.v()));
        LayerAttention self = LayerAttention.of(problem, attention, Optional.empty());
        plan.inline(self.plan());
        blocks.add(self.attention());
        builder.group(DitGroup.selfOut(config, block), t.out(), numTokens, List.of(delta));
        gate(vectors.get(GATE_1), t.qOffsets());
        caption(block, t);
        norm(vectors.get(SCALE_2), vectors.get(SHIFT_2), t.qOffsets());
        Dim wide = Dim.fixed("intermediate", (long) config.hiddenSize() * config.mlpRatio());
        TensorRef up = builder.temp("up", numTokens, wide);
        builder.group(DitGroup.mlpIn(config, block), normed, numTokens, List.of(up));
        plan.add(new Gelu(Gelu.Form.TANH, up, up));
        builder.group(DitGroup.mlpOut(config, block), up, numTokens, List.of(delta));
        gate(vectors.get(GATE_2), t.qOffsets());
    }

    /** Attention of the patches to the words of their caption. */
    private void caption(int block, AttentionTensors t) {
        builder.group(DitGroup.crossQuery(config, block), stream, numTokens, List.of(t.q()));
        plan.add(new DenseAttention(
                HeadMap.all(config.numHeads(), config.numHeads()),
                Masking.BIDIRECTIONAL,
                problem(block).scale(),
                t.q(),
                words(block, "k"),
                words(block, "v"),
                t.qOffsets(),
                plan.declare(DitTensors.WORD_OFFSETS, TensorRole.INPUT, DType.I32, numSeqs.plusOne()),
                t.out(),
                t.lse()));
        builder.group(DitGroup.crossOut(config, block), t.out(), numTokens, List.of(delta));
        plan.add(new Add(stream, delta, stream));
    }

    private TensorRef words(int block, String which) {
        return plan.declare(
                DitTensors.caption(block, which),
                TensorRole.INPUT,
                parts.activations(),
                Dim.upTo("numWords", capacity.numWords()),
                Dim.fixed("numHeads", config.numHeads()),
                Dim.fixed("headDim", config.headDim()));
    }

    private AttentionProblem problem(int block) {
        AttentionProblem causal = AttentionProblem.of(
                Phase.PREFILL,
                block,
                parts.noCache(),
                parts.activations(),
                new StepCapacity(
                        capacity.numTokens(),
                        capacity.numSeqs(),
                        capacity.numSeqs(),
                        config.numPatches(),
                        capacity.numTokens()));
        return causal.withMasking(Masking.BIDIRECTIONAL);
    }

    private void velocity(TensorRef picture) {
        TensorRef qOffsets = new AttentionTensors(problem(0), plan).qOffsets();
        TensorRef steps = builder.ints(DitTensors.SEQ_STEPS, numSeqs);
        norm(finalRow(DitTensors.finalScale(), steps), finalRow(DitTensors.finalShift(), steps), qOffsets);
        TensorRef all = builder.temp("velocities", numTokens, patchValues);
        builder.linear("proj_out", normed, numTokens, all);
        TensorRef caption = plan.declare(DitTensors.VELOCITY, TensorRole.OUTPUT, DType.F32, numPatches, patchValues);
        builder.rows(all, builder.ints(DitTensors.CAPTION_TOKENS, numPatches), caption);
        double stride = -1.0 / capacity.numSteps();
        if (capacity.guided()) {
            TensorRef empty = plan.temp("velocity.empty", DType.F32, numPatches, patchValues);
            builder.rows(all, builder.ints(DitTensors.EMPTY_TOKENS, numPatches), empty);
            move(picture, empty, stride * (1 - guidance));
            move(picture, caption, stride * guidance);
        } else {
            move(picture, caption, stride);
        }
    }

    /** {@code picture += factor * velocity}. */
    private void move(TensorRef picture, TensorRef velocity, double factor) {
        TensorRef offsets = builder.ints(DitTensors.PATCH_OFFSETS, Dim.fixed("patchOffsets", 2));
        plan.add(new Modulate(
                (float) factor, velocity, offsets, Optional.empty(), Optional.empty(), Optional.of(picture), picture));
    }

    private TensorRef vector(int block, int vector) {
        TensorRef table = plan.declare(
                DitTensors.modulation(block),
                TensorRole.INPUT,
                parts.activations(),
                Dim.fixed("modulationRows", (long) VECTORS * capacity.numSteps()),
                hidden);
        TensorRef ids = builder.ints(DitTensors.modulationRows(vector), numSeqs);
        return builder.rows(table, ids, builder.temp("modulation." + vector, numSeqs, hidden));
    }

    private TensorRef finalRow(String name, TensorRef steps) {
        TensorRef table = plan.declare(
                name, TensorRole.INPUT, parts.activations(), Dim.fixed("finalRows", capacity.numSteps()), hidden);
        return builder.rows(table, steps, builder.temp(name + ".row", numSeqs, hidden));
    }

    private void norm(TensorRef scale, TensorRef shift, TensorRef qOffsets) {
        plan.add(new LayerNorm((float) config.normEps(), stream, Optional.empty(), Optional.empty(), normed));
        plan.add(new Modulate(1, normed, qOffsets, Optional.of(scale), Optional.of(shift), Optional.empty(), normed));
    }

    private void gate(TensorRef gate, TensorRef qOffsets) {
        plan.add(new Modulate(0, delta, qOffsets, Optional.of(gate), Optional.empty(), Optional.of(stream), stream));
    }
}
