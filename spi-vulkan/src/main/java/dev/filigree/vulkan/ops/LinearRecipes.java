package dev.filigree.vulkan.ops;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.*;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.DType;
import dev.filigree.vulkan.device.Matrices;
import dev.filigree.vulkan.launch.Launch;
import dev.filigree.vulkan.launch.Operand;
import java.util.ArrayList;
import java.util.List;

/** Linear layers and what surrounds them. */
final class LinearRecipes {
    /** Tokens of a work group; the same in {@code product.glsl}. */
    private static final long TILE = 8;

    /** Tokens and outputs of a work group; the same in {@code cooperative_product.glsl}. */
    private static final long MATRIX_TILE = 128;

    /** Tokens, outputs and inner channels of a tile on matrices of a work group. */
    private static final int WORKGROUP_TOKENS = 128;

    private static final int WORKGROUP_OUTPUTS = 128;
    private static final int WORKGROUP_DEPTH = 32;

    /** How many times faster than plain shaders matrices are, at least. */
    private static final long MATRIX_SPEED = 20;

    /** Below so many tokens a step reads weights and multiplies little: tiles of 128 would be nearly empty. */
    private static final long FEWEST_TOKENS = 16;

    private LinearRecipes() {}

    static Launch linear(Linear l, Tensors t, Matrices matrices) {
        DType dtype = t.get(l.x()).dtype();
        boolean serves = t.get(l.weight()).dtype() == dtype
                && t.get(l.x()).capacity(0) >= FEWEST_TOKENS
                && eights(t, l.x())
                && eights(t, l.weight());
        boolean workgroup = serves && matrices.workgroup().contains(dtype) && stores(t, l.y(), dtype);
        boolean fragments = serves && !workgroup && matrices.types().contains(dtype);
        String suffix = workgroup ? Matrices.workgroupShader(dtype) : fragments ? matrices.shader(dtype) : "";
        Launch launch = new Launch("linear/linear" + suffix, t)
                .tensor("x", l.x())
                .tensor("weight", l.weight())
                .tensor("bias", l.bias())
                .tensor("y", l.y())
                .number("inFeatures", t.get(l.weight()).capacity(1));
        if (workgroup) {
            launch.spec("ROWS", WORKGROUP_TOKENS)
                    .spec("COLUMNS", WORKGROUP_OUTPUTS)
                    .spec("DEPTH", WORKGROUP_DEPTH);
            return matrixTiles(launch.lanes(Matrices.WORKGROUP), l, t, WORKGROUP_TOKENS, WORKGROUP_OUTPUTS);
        }
        return fragments
                ? matrixTiles(launch.subgroups(8), l, t, MATRIX_TILE, MATRIX_TILE)
                : tiles(launch, t, l.x(), l.weight());
    }

    private static Launch matrixTiles(Launch launch, Linear l, Tensors t, long tokens, long outputs) {
        long columns = Math.ceilDiv(t.get(l.weight()).capacity(0), outputs);
        long operations = 2 * tokens * outputs * t.get(l.weight()).capacity(1) / MATRIX_SPEED;
        return launch.work(axes -> operations)
                .groups(axes -> Math.ceilDiv(Recipes.rows(t, l.x(), axes), tokens) * columns);
    }

    /** Whether matrices of a type, or their sums, are stored as they are. */
    static boolean stores(Tensors t, TensorRef ref, DType dtype) {
        DType stored = t.get(ref).dtype();
        return (stored == dtype || stored == DType.F32) && eights(t, ref);
    }

    /** Whether rows can be read eight elements at a time. */
    static boolean eights(Tensors t, TensorRef ref) {
        TensorDecl decl = t.get(ref);
        int last = decl.rank() - 1;
        boolean eights = decl.capacity(last) % 8 == 0 && decl.strides().step(last) == 1;
        for (int axis = 0; axis < last; axis++) {
            eights &= decl.strides().step(axis) % 8 == 0;
        }
        return eights;
    }

    private static Launch tiles(Launch launch, Tensors t, TensorRef x, TensorRef weight) {
        long outputs = t.get(weight).capacity(0);
        long operations = 2 * TILE * t.get(weight).capacity(1);
        return launch.work(axes -> operations).groups(axes -> (Recipes.rows(t, x, axes) + TILE - 1) / TILE * outputs);
    }

    static Launch down(TensorRef x, TensorRef down, Tensors t) {
        Launch launch = new Launch("lowrankdown/low_rank_down", t)
                .tensor("x", x)
                .tensor("down", down)
                .number("inFeatures", t.get(down).capacity(1));
        return tiles(launch, t, x, down);
    }

    static Launch up(LowRankUp l, Tensors t) {
        long width = t.get(l.y()).rowElements();
        return new Launch("lowrankup/low_rank_up", t)
                .tensor("hiddenRank", l.hiddenRank())
                .tensor("up", l.up())
                .tensor("y", l.y())
                .number("outFeatures", width)
                .number("rank", t.get(l.up()).capacity(1))
                .threads(axes -> Recipes.rows(t, l.y(), axes) * width);
    }

    static List<Launch> lora(LoraApply l, Tensors t) {
        List<Launch> all = new ArrayList<>();
        List<Operand> hiddens = new ArrayList<>();
        long offset = 0;
        for (int i = 0; i < l.downs().size(); i++) {
            long rank = t.get(l.downs().get(i)).capacity(0);
            TensorDecl hidden = TensorDecl.of(
                    "lora.hidden" + i,
                    TensorRole.TEMP,
                    DType.F32,
                    t.get(l.x()).dims().get(0),
                    Dim.fixed("rank", rank));
            hiddens.add(new Operand(hidden, offset));
            all.add(down(l.x(), l.downs().get(i), t).scratch("hiddenRank", hidden, offset));
            offset += (hidden.capacityBytes() + 255) / 256 * 256;
        }
        long width = t.get(l.y()).rowElements();
        all.add(new Launch("loraapply/lora_apply", t)
                .list("hiddens", hiddens)
                .tensors("ups", l.ups())
                .tensor("strengths", l.strengths())
                .tensor("y", l.y())
                .number("outFeatures", width)
                .threads(axes -> Recipes.rows(t, l.y(), axes) * width));
        return all;
    }

    static Launch lowBit(LowBitLinear l, Tensors t) {
        long in = t.get(l.weight()).capacity(1);
        Launch launch = new Launch("lowbitlinear/low_bit_linear", t)
                .spec("CODES", l.activationFormat().isPresent())
                .tensor("x", l.x())
                .tensor("xScales", l.xScales())
                .tensor("weight", l.weight())
                .tensor("scales", l.scales())
                .tensor("zeros", l.zeros())
                .tensor("channelScales", l.channelScales())
                .tensor("bias", l.bias())
                .tensor("y", l.y())
                .number("inFeatures", in)
                .number("groupSize", group(l.weightFormat(), in))
                .number(
                        "xGroupSize",
                        l.activationFormat().map(f -> group(f, in)).orElse(1L));
        return tiles(launch, t, l.x(), l.weight());
    }

    static Launch quantize(ActivationQuantize a, Tensors t) {
        long in = t.get(a.x()).rowElements();
        return new Launch("activationquantize/activation_quantize", t)
                .tensor("x", a.x())
                .tensor("smooth", a.smooth())
                .tensor("codes", a.codes())
                .tensor("scales", a.scales())
                .tensor("sums", a.sums())
                .number("inFeatures", in)
                .number("groupSize", group(a.format(), in))
                .real("shift", a.shift())
                .real("maxMagnitude", a.format().maxMagnitude())
                .groups(axes -> Recipes.rows(t, a.x(), axes));
    }

    private static long group(QuantFormat format, long columns) {
        return format.groupSize() == 0 ? Math.max(1, columns) : format.groupSize();
    }
}
