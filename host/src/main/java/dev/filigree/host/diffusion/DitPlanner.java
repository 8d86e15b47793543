package dev.filigree.host.diffusion;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.lora.LinearNames;
import dev.filigree.host.quantize.LinearShape;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Plans a diffusion transformer: once per batch what does not change from step to step, and the steps. Immutable and
 * thread-safe.
 *
 * @param config the model
 * @param weightType how the checkpoint stores the tensor of a name
 * @param storage how the checkpoint stores the linear layer of a name, if at low bit width
 * @param attention plans every block's self-attention
 * @param linear plans every linear layer
 * @param activations dtype between ops; the picture itself is f32
 */
record DitPlanner(
        DitConfig config,
        Function<String, DType> weightType,
        Function<String, Optional<LinearStorage>> storage,
        AttentionPolicy attention,
        QuantizedLinear linear,
        DType activations) {

    /** The same with linear layers planned by another policy. */
    DitPlanner withLinear(QuantizedLinear other) {
        return new DitPlanner(config, weightType, storage, attention, other, activations);
    }

    /** The layers that adapters may be attached to. */
    Map<String, LinearShape> linears() {
        DitCapacity one = capacity(1, 1, 1);
        return LinearNames.of(linear, names -> {
            withLinear(names).condition(one, false);
            withLinear(names).step(one, 0, 1, false);
        });
    }

    /** The attention shape. */
    ModelGeometry geometry() {
        return ModelGeometry.of(config.numLayers(), config.numHeads(), config.numHeads(), config.headDim());
    }

    /** A cache of no pages: the tokens of a step see each other, and nothing is read again. */
    KvCachePlan noCache() {
        KvClass current = new KvClass(
                "current",
                new Retention.Everything(),
                KvAddressing.LINEAR,
                config.numPatches(),
                KvPrecision.F32,
                KvPrecision.F32,
                0);
        List<Integer> heads = IntStream.range(0, config.numHeads()).boxed().toList();
        return new KvCachePlan(
                "none",
                geometry(),
                List.of(current),
                Collections.nCopies(config.numLayers(), List.of(heads)),
                List.of(0L),
                PrefillReads.STORED);
    }

    /** The largest batch of so many pictures. */
    DitCapacity capacity(int numPictures, int numSteps, double guidance) {
        return new DitCapacity(numPictures, guidance != 1, numSteps, config.maxWords(), config.numPatches());
    }

    /**
     * Plans what is computed once per batch: the modulation of all steps, and the captions' keys and values.
     *
     * @param observe whether the inputs of the quantizable linear layers are outputs too
     * @throws dev.filigree.api.policy.PolicyRefusal if the linear policy cannot serve the model
     */
    DitPlan condition(DitCapacity capacity, boolean observe) {
        return new ConditionSteps(this, capacity, observe).plan();
    }

    /**
     * Plans one Euler step: the velocity at the present picture, and the next picture.
     *
     * @param step which one, for attention policies that distinguish
     * @param guidance factor between the empty caption's velocity and the caption's
     * @param observe whether the inputs of the quantizable linear layers are outputs too
     * @throws dev.filigree.api.policy.PolicyRefusal if a policy cannot serve the model
     */
    DitPlan step(DitCapacity capacity, int step, double guidance, boolean observe) {
        return new PictureSteps(this, capacity, attention.atStep(step), guidance, observe).plan();
    }
}
