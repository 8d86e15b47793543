package dev.filigree.host.diffusion;

import dev.filigree.api.op.Add;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.op.SwiGlu;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.List;

/** Builds the plan of what a batch computes once: modulation of every step and block, keys and values of the captions. */
final class ConditionSteps {
    private final DitPlanner parts;
    private final DitConfig config;
    private final DitBuilder builder;
    private final Dim numSteps;
    private final Dim numWords;
    private final Dim hidden;
    private final int vocabulary;

    ConditionSteps(DitPlanner parts, DitCapacity capacity, boolean observe) {
        this.parts = parts;
        config = parts.config();
        builder = new DitBuilder("dit.condition", parts, observe);
        numSteps = Dim.upTo("numSteps", capacity.numSteps());
        numWords = Dim.upTo("numWords", capacity.numWords());
        hidden = Dim.fixed("hidden", config.hiddenSize());
        vocabulary = config.words().size();
    }

    DitPlan plan() {
        modulation();
        captions();
        return new DitPlan(builder.plan().build(), List.of(), builder.schemes());
    }

    private void modulation() {
        PlanBuilder plan = builder.plan();
        Dim channels = Dim.fixed("timeChannels", DitConfig.TIME_CHANNELS);
        TensorRef given = plan.declare(DitTensors.TIME_ANGLES, TensorRole.INPUT, DType.F32, numSteps, channels);
        TensorRef one = plan.declare(DitTensors.ONES, TensorRole.INPUT, DType.F32, Dim.fixed("one", 1), hidden);
        TensorRef zeros = builder.ints(DitTensors.ZERO_IDS, numSteps);
        TensorRef angles = builder.rows(
                given, builder.ints(DitTensors.STEP_IDS, numSteps), builder.temp("angles", numSteps, channels));
        TensorRef ones = builder.rows(one, zeros, builder.temp("onesPerStep", numSteps, hidden));
        TensorRef inner = builder.temp("timeHidden", numSteps, hidden);
        TensorRef time = builder.temp("time", numSteps, hidden);
        builder.linear("time_in", angles, numSteps, inner);
        plan.add(new SwiGlu(inner, ones, inner));
        builder.linear("time_out", inner, numSteps, time);
        finalNorm(time, zeros);
        plan.add(new SwiGlu(time, ones, inner));
        Dim vectors = Dim.fixed("modulationWidth", 6L * config.hiddenSize());
        TensorRef shared = builder.temp("modulation", numSteps, vectors);
        builder.linear("modulation", inner, numSteps, shared);
        for (int block = 0; block < config.numLayers(); block++) {
            TensorRef table =
                    builder.weight(DitTensors.block(block) + "scale_shift_table", Dim.fixed("one", 1), vectors);
            builder.plusRows(
                    shared,
                    table,
                    zeros,
                    builder.temp("blockTable", numSteps, vectors),
                    output(DitTensors.modulation(block), numSteps, vectors));
        }
    }

    private void finalNorm(TensorRef time, TensorRef zeros) {
        TensorRef table = builder.weight("scale_shift_table", Dim.fixed("finalVectors", 2), hidden);
        TensorRef rows = builder.temp("finalTable", numSteps, hidden);
        TensorRef onesIds = builder.ints(DitTensors.ONE_IDS, numSteps);
        builder.plusRows(time, table, zeros, rows, output(DitTensors.finalShift(), numSteps, hidden));
        builder.plusRows(time, table, onesIds, rows, output(DitTensors.finalScale(), numSteps, hidden));
    }

    private void captions() {
        PlanBuilder plan = builder.plan();
        TensorRef words = builder.rows(
                builder.weight("words.weight", Dim.fixed("vocab", vocabulary), hidden),
                builder.ints(DitTensors.WORD_IDS, numWords),
                builder.temp("words", numWords, hidden));
        TensorRef places = builder.rows(
                builder.weight("word_position", Dim.fixed("maxWords", config.maxWords()), hidden),
                builder.ints(DitTensors.WORD_POSITIONS, numWords),
                builder.temp("wordPlaces", numWords, hidden));
        plan.add(new Add(words, places, words));
        builder.linear("caption_in", words, numWords, places);
        plan.add(new Gelu(Gelu.Form.TANH, places, places));
        builder.linear("caption_out", places, numWords, words);
        Dim heads = Dim.fixed("numHeads", config.numHeads());
        Dim headDim = Dim.fixed("headDim", config.headDim());
        for (int block = 0; block < config.numLayers(); block++) {
            builder.group(
                    DitGroup.crossKv(config, block),
                    words,
                    numWords,
                    List.of(
                            output(DitTensors.caption(block, "k"), numWords, heads, headDim),
                            output(DitTensors.caption(block, "v"), numWords, heads, headDim)));
        }
    }

    private TensorRef output(String name, Dim... dims) {
        return builder.plan().declare(name, TensorRole.OUTPUT, parts.activations(), dims);
    }
}
