package dev.filigree.host.diffusion.joint;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.linear.LinearPlan;
import dev.filigree.api.linear.LinearProblem;
import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.linear.QuantizedLinear;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.op.LayerNorm;
import dev.filigree.api.op.MergeStates;
import dev.filigree.api.op.Modulate;
import dev.filigree.api.op.RmsNorm;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.Renaming;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Plans one double-stream block without rotary positions (Esser et al. 2024, section 4): picture and text have weights of
 * their own and see each other in attention. Nothing is concatenated: each stream's queries read the keys of either stream,
 * and the two states merge.
 *
 * <p>Tensors: {@code image [numPatches, hidden]} and {@code text [numWords, hidden]} of role STATE are read and written,
 * {@code vector [1, hidden]} is the conditioning after its SiLU, {@code image.offsets} and {@code text.offsets} are {@code [2]}
 * i32. Everything is in the activations' dtype.
 */
public final class JointBlock {
    private static final float EPS = 1e-6f;
    private static final List<String> STREAMS = List.of("image", "text");
    private static final List<String> VECTORS = List.of("shift1", "scale1", "gate1", "shift2", "scale2", "gate2");

    private final JointShape shape;
    private final JointSchemes schemes;
    private final DType activations;
    private final PlanBuilder builder = new PlanBuilder("joint block");
    private final Dim hidden;
    private final Dim heads;
    private final Dim headDim;

    private JointBlock(JointShape shape, JointSchemes schemes, DType activations) {
        this.shape = shape;
        this.schemes = schemes;
        this.activations = activations;
        hidden = Dim.fixed("hidden", shape.hidden());
        heads = Dim.fixed("numHeads", shape.numHeads());
        headDim = Dim.fixed("headDim", shape.headDim());
    }

    /** The plan of one block. */
    public static Plan plan(JointShape shape, JointSchemes schemes, DType activations) {
        return new JointBlock(shape, schemes, activations).plan();
    }

    private Plan plan() {
        TensorRef vector = builder.declare("vector", TensorRole.INPUT, activations, Dim.upTo("numSeqs", 1), hidden);
        for (String stream : STREAMS) {
            builder.declare(stream, TensorRole.STATE, activations, tokens(stream), hidden);
            builder.declare(offsets(stream).name(), TensorRole.INPUT, DType.I32, Dim.fixed("offsets", 2));
            for (String name : VECTORS) {
                TensorRef y = builder.temp(stream + "." + name, activations, Dim.upTo("numSeqs", 1), hidden);
                linear(schemes.modulation(), schemes.modulated(), 0, stream + ".modulation." + name, vector, y);
            }
            project(stream);
        }
        for (String stream : STREAMS) {
            attend(stream);
        }
        for (String stream : STREAMS) {
            layer(stream + ".out", attention(stream, "attn"), delta(stream), 0);
            gate(stream, "gate1");
            mlp(stream);
        }
        return builder.build();
    }

    private Dim tokens(String stream) {
        return stream.equals("image")
                ? Dim.upTo("numPatches", shape.maxPatches())
                : Dim.upTo("numWords", shape.maxWords());
    }

    private static TensorRef offsets(String stream) {
        return TensorRef.of(stream + ".offsets");
    }

    private TensorRef delta(String stream) {
        return builder.temp(stream + ".delta", activations, tokens(stream), hidden);
    }

    /** A tensor of heads of a stream. */
    private TensorRef attention(String stream, String name) {
        return builder.temp(stream + "." + name, activations, tokens(stream), heads, headDim);
    }

    private TensorRef norm(String stream, String shift, String scale) {
        TensorRef normed = builder.temp(stream + ".normed", activations, tokens(stream), hidden);
        builder.add(new LayerNorm(EPS, TensorRef.of(stream), Optional.empty(), Optional.empty(), normed));
        builder.add(new Modulate(
                1,
                normed,
                offsets(stream),
                Optional.of(TensorRef.of(stream + "." + scale)),
                Optional.of(TensorRef.of(stream + "." + shift)),
                Optional.empty(),
                normed));
        return normed;
    }

    private void gate(String stream, String gate) {
        builder.add(new Modulate(
                0,
                delta(stream),
                offsets(stream),
                Optional.of(TensorRef.of(stream + "." + gate)),
                Optional.empty(),
                Optional.of(TensorRef.of(stream)),
                TensorRef.of(stream)));
    }

    private void project(String stream) {
        TensorRef normed = norm(stream, "shift1", "scale1");
        for (String name : List.of("q", "k", "v")) {
            TensorRef y = attention(stream, name);
            layer(stream + "." + name + "_proj", normed, y, 0);
            if (!name.equals("v")) {
                TensorRef weight =
                        builder.declare(stream + "." + name + "_norm.weight", TensorRole.WEIGHT, DType.BF16, headDim);
                builder.add(new RmsNorm(EPS, y, weight, y));
            }
        }
    }

    private void attend(String stream) {
        List<TensorRef> outs =
                STREAMS.stream().map(of -> attention(stream, "attn." + of)).toList();
        List<TensorRef> lses = STREAMS.stream()
                .map(of -> builder.temp(stream + ".lse." + of, DType.F32, tokens(stream), heads))
                .toList();
        for (int i = 0; i < STREAMS.size(); i++) {
            String of = STREAMS.get(i);
            builder.add(new DenseAttention(
                    HeadMap.all(shape.numHeads(), shape.numHeads()),
                    Masking.BIDIRECTIONAL,
                    (float) (1 / Math.sqrt(shape.headDim())),
                    attention(stream, "q"),
                    attention(of, "k"),
                    attention(of, "v"),
                    offsets(stream),
                    offsets(of),
                    outs.get(i),
                    lses.get(i)));
        }
        TensorRef lse = builder.temp(stream + ".lse", DType.F32, tokens(stream), heads);
        builder.add(new MergeStates(outs, lses, attention(stream, "attn"), lse));
    }

    private void mlp(String stream) {
        Dim wide = Dim.fixed("intermediate", (long) shape.hidden() * shape.mlpRatio());
        TensorRef up = builder.temp(stream + ".up", activations, tokens(stream), wide);
        layer(stream + ".fc1", norm(stream, "shift2", "scale2"), up, 0);
        builder.add(new Gelu(Gelu.Form.TANH, up, up));
        layer(stream + ".fc2", up, delta(stream), schemes.layerShift());
        gate(stream, "gate2");
    }

    private void layer(String name, TensorRef x, TensorRef y, float shift) {
        linear(schemes.layers(), schemes.layer(), shift, name, x, y);
    }

    private void linear(
            QuantizedLinear policy,
            Optional<LinearStorage> storage,
            float shift,
            String name,
            TensorRef x,
            TensorRef y) {
        Dim rows = builder.decl(x).dims().getFirst();
        LinearPlan plan = policy.plan(new LinearProblem(
                name,
                builder.decl(x).rowElements(),
                builder.decl(y).rowElements(),
                true,
                DType.BF16,
                activations,
                rows.capacity(),
                storage.map(s -> shifted(s, shift))));
        builder.inline(
                plan.plan(),
                new Renaming(Map.of(LinearPlan.X, x, LinearPlan.Y, y), name + ".", Map.of("numTokens", rows.axis())));
    }

    private static LinearStorage shifted(LinearStorage s, float shift) {
        return new LinearStorage(
                s.weight(), s.zeros(), s.channelScales(), s.bias(), s.smooth(), shift, s.rank(), s.lowRank());
    }
}
