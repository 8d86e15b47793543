package dev.filigree.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.Linear;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Launch;
import dev.filigree.cuda.ops.Fusion;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which kernels linear layers run on, asked without a device. */
class LinearLaunchesTest {
    private static final DeviceTraits H100 = new DeviceTraits(0, "H100", 9, 0, 132, 232_448, 80L << 30, "13.0");
    private static final DeviceTraits A100 = new DeviceTraits(0, "A100", 8, 0, 108, 166_912, 80L << 30, "13.0");

    private final PlanBuilder b = new PlanBuilder("layer");

    private TensorRef weight(String name, DType dtype, int... dims) {
        Dim[] axes = new Dim[dims.length];
        for (int i = 0; i < dims.length; i++) {
            axes[i] = Dim.fixed(name + i, dims[i]);
        }
        return b.declare(name, TensorRole.WEIGHT, dtype, axes);
    }

    private static String ids(Plan plan, DeviceTraits device) {
        return String.join(
                " ",
                Fusion.steps(plan, device).stream()
                        .map(step -> step.choice().kernelId())
                        .toList());
    }

    private static String linear(int tokens, int in, DType dtype, DeviceTraits device) {
        LinearLaunchesTest t = new LinearLaunchesTest();
        Dim numTokens = Dim.upTo("numTokens", tokens);
        TensorRef x = t.b.declare("x", TensorRole.INPUT, dtype, numTokens, Dim.fixed("in", in));
        TensorRef y = t.b.declare("y", TensorRole.OUTPUT, dtype, numTokens, Dim.fixed("out", 40));
        t.b.add(new Linear(x, t.weight("w", dtype, 40, in), Optional.empty(), y));
        return ids(t.b.build(), device);
    }

    @Test
    void sixteenBitLayersOfManyTokensTakeTheTensorCores() {
        assertEquals("linear__x_bf16_w_bf16__bm128_bn256__sm90a", linear(9, 64, DType.BF16, H100));
        assertEquals("linear__x_f16_w_f16__bm128_bn256__sm90a", linear(4096, 72, DType.F16, H100));
        assertEquals("linear__few__cuda", linear(8, 64, DType.BF16, H100));
        assertEquals("linear__cuda", linear(9, 68, DType.BF16, H100), "rows must end on 16 bytes");
        assertEquals("linear__cuda", linear(9, 64, DType.F32, H100));
        assertEquals("linear__cuda", linear(9, 64, DType.BF16, A100));
    }

    private Plan lowBit(int tokens, int in, int out, Optional<QuantFormat> activation, int rank) {
        Dim numTokens = Dim.upTo("numTokens", tokens);
        Dim ins = Dim.fixed("in", in);
        QuantFormat format = activation.orElse(QuantFormat.INT4_G64);
        Dim groups = Dim.fixed("groups", format.groups(in));
        TensorRef x = b.declare("x", TensorRole.INPUT, DType.BF16, numTokens, ins);
        TensorRef y = b.declare("y", TensorRole.OUTPUT, DType.BF16, numTokens, Dim.fixed("out", out));
        Optional<TensorRef> codes = activation.map(f -> b.temp("codes", f.codes(), numTokens, ins));
        Optional<TensorRef> scales = activation.map(f -> b.temp("scales", f.scaleDtype(), numTokens, groups));
        activation.ifPresent(f -> b.add(new ActivationQuantize(
                f, 0, x, Optional.empty(), codes.orElseThrow(), scales.orElseThrow(), Optional.empty())));
        Optional<TensorRef> hidden = rank == 0
                ? Optional.empty()
                : Optional.of(b.temp("hidden", DType.F32, numTokens, Dim.fixed("rank", rank)));
        hidden.ifPresent(h -> b.add(new LowRankDown(x, weight("down", DType.BF16, rank, in), h)));
        b.add(new LowBitLinear(
                format,
                activation,
                codes.orElse(x),
                scales,
                Optional.empty(),
                weight("w", format.codes(), out, in),
                b.declare("wScales", TensorRole.WEIGHT, format.scaleDtype(), Dim.fixed("o", out), groups),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                y));
        hidden.ifPresent(h -> b.add(new LowRankUp(h, weight("up", DType.BF16, out, rank), y)));
        return b.build();
    }

    @Test
    void layersOfFourBitCodesAreOneStep() {
        Plan plan = lowBit(4096, 3072, 12_288, Optional.of(QuantFormat.INT4_G64), 32);
        assertEquals(
                "activation_quantize__x_bf16_o_e4m3__g64__down__sm90a+low_bit_linear__x_i4_w_i4__g64__bm128_bn128__sm90a",
                ids(plan, H100));
        List<Fusion.Step> steps = Fusion.steps(plan, H100);
        assertEquals("ActivationQuantize", steps.get(0).opName());
        assertEquals(
                List.of(256 + 4 * 132, 132),
                steps.get(0).choice().launches().stream().map(Launch::gridX).toList());
        // codes a byte each, scales of both sides, the branch's factors
        assertEquals(
                (4096L + 12_288) * (3072 + 48 * 4 + 64 * 2),
                steps.get(0).choice().scratchBytes());
        assertTrue(ids(plan, A100).startsWith("activation_quantize__cuda low_rank_down__cuda low_bit_linear__cuda"));
    }

    @Test
    void fewTokensReadFourBitWeightsInOneKernelWithTheBranch() {
        assertEquals(
                "low_rank_down__x_bf16_w_bf16__sm90a low_bit_linear__x_bf16_w_i4__few8_rows16_split1__sm90a",
                ids(lowBit(1, 3072, 12_288, Optional.empty(), 32), H100));
        assertEquals(
                "low_bit_linear__x_bf16_w_i4__few16_rows32_split2__sm90a",
                ids(new LinearLaunchesTest().lowBit(16, 12_288, 3072, Optional.empty(), 0), H100));
        assertEquals(
                "low_bit_linear__cuda",
                ids(new LinearLaunchesTest().lowBit(1, 3072 + 64, 3072, Optional.empty(), 0), H100),
                "inputs must be a multiple of 128");
        assertEquals(
                "low_bit_linear__cuda",
                ids(new LinearLaunchesTest().lowBit(17, 3072, 3072, Optional.empty(), 0), H100),
                "a weight is not rounded to 16 bits");
    }

    @Test
    void eightBitCodesWithAScalePerRowTakeTheTensorCores() {
        assertEquals(
                "activation_quantize__cuda low_bit_linear__x_i8_w_i8_y_bf16__bm128_bn256__sm90a",
                ids(lowBit(9, 48, 40, Optional.of(QuantFormat.INT8_ROW), 0), H100));
        assertEquals(
                "activation_quantize__cuda low_bit_linear__cuda",
                ids(new LinearLaunchesTest().lowBit(9, 40, 40, Optional.of(QuantFormat.INT8_ROW), 0), H100));
    }

    @Test
    void tensorsThatOthersReadKeepTheirSteps() {
        Dim tokens = Dim.upTo("numTokens", 64);
        QuantFormat format = QuantFormat.INT4_G64;
        TensorRef x = b.declare("x", TensorRole.INPUT, DType.BF16, tokens, Dim.fixed("in", 128));
        TensorRef codes = b.temp("codes", format.codes(), tokens, Dim.fixed("in", 128));
        TensorRef scales = b.temp("scales", format.scaleDtype(), tokens, Dim.fixed("groups", 2));
        b.add(new ActivationQuantize(format, 0, x, Optional.empty(), codes, scales, Optional.empty()));
        for (String name : List.of("a", "b")) {
            b.add(new LowBitLinear(
                    format,
                    Optional.of(format),
                    codes,
                    Optional.of(scales),
                    Optional.empty(),
                    weight("w" + name, format.codes(), 64, 128),
                    weight("s" + name, format.scaleDtype(), 64, 2),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    b.declare(name, TensorRole.OUTPUT, DType.BF16, tokens, Dim.fixed("out", 64))));
        }
        String product = "low_bit_linear__w_i4__g64__widen__sm90a";
        assertEquals("activation_quantize__cuda " + product + " " + product, ids(b.build(), H100));
    }
}
