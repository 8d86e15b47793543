package dev.filigree.cpu.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.host.HostBackend;
import dev.filigree.api.host.HostMemory;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Fused steps of a low-bit layer give the bits that the steps give one after the other. */
class VectorFusionTest {
    private static final int IN = 200;
    private static final int OUT = 70;
    private static final int MAX_TOKENS = 64;

    private static Plan layer(DType dtype, int rank, boolean gelu) {
        PlanBuilder b = new PlanBuilder("layer");
        Dim tokens = Dim.upTo("numTokens", MAX_TOKENS);
        Dim in = Dim.fixed("inFeatures", IN);
        Dim out = Dim.fixed("outFeatures", OUT);
        Dim ranks = Dim.fixed("rank", rank);
        QuantFormat format = QuantFormat.INT4_G64;
        Dim groups = Dim.fixed("numGroups", format.groups(IN));
        TensorRef x = b.declare("x", TensorRole.INPUT, dtype, tokens, in);
        TensorRef y = b.declare("y", TensorRole.OUTPUT, dtype, tokens, out);
        TensorRef codes = b.temp("codes", format.codes(), tokens, in);
        TensorRef scales = b.temp("scales", format.scaleDtype(), tokens, groups);
        TensorRef hidden = b.temp("hidden", DType.F32, tokens, ranks);
        b.add(new ActivationQuantize(format, 0, x, Optional.empty(), codes, scales, Optional.empty()));
        b.add(new LowRankDown(x, b.declare("down", TensorRole.WEIGHT, DType.BF16, ranks, in), hidden));
        b.add(new LowBitLinear(
                format,
                Optional.of(format),
                codes,
                Optional.of(scales),
                Optional.empty(),
                b.declare("weight", TensorRole.WEIGHT, format.codes(), out, in),
                b.declare("wScales", TensorRole.WEIGHT, format.scaleDtype(), out, groups),
                Optional.empty(),
                Optional.empty(),
                Optional.of(b.declare("bias", TensorRole.WEIGHT, DType.F32, out)),
                y));
        b.add(new LowRankUp(hidden, b.declare("up", TensorRole.WEIGHT, DType.BF16, out, ranks), y));
        if (gelu) {
            b.add(new Gelu(Gelu.Form.ERF, y, y));
        }
        return b.build();
    }

    private static byte[] run(Backend backend, Plan plan, int tokens) {
        Random random = new Random(3);
        try (BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream();
                PreparedPlan prepared = backend.prepare(plan)) {
            RunBindings bindings = new RunBindings(plan);
            DeviceBuffer result = scope.allocate(4L * MAX_TOKENS * OUT);
            for (TensorDecl decl : plan.tensors().all()) {
                if (decl.role() == TensorRole.OUTPUT) {
                    bindings.bind(decl.ref(), result);
                } else if (decl.role() != TensorRole.TEMP) {
                    DeviceBuffer buffer = scope.allocate(decl.capacityBytes());
                    fill(buffer.hostSegment().orElseThrow(), decl, random);
                    bindings.bind(decl.ref(), buffer);
                }
            }
            bindings.axis("numTokens", tokens);
            prepared.run(stream, bindings, scope.allocate(prepared.workspaceBytes()));
            return result.hostSegment().orElseThrow().toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private static void fill(MemorySegment bytes, TensorDecl decl, Random random) {
        long count = decl.capacityBytes() * 8 / decl.dtype().bits();
        for (long i = 0; i < count; i++) {
            if (decl.dtype().isFloating() && !decl.dtype().isPacked()) {
                HostTensor.store(bytes, 0, decl.dtype(), i, (float) random.nextGaussian());
            } else {
                HostTensor.storeInt(bytes, 0, decl.dtype(), i, random.nextInt(15) - 7);
            }
        }
    }

    @Test
    void bitsAreThoseOfTheSteps() {
        WorkerPool pool = new WorkerPool(2);
        try (Backend fused = new VectorBackend(2, 1L << 28);
                Backend plain =
                        new HostBackend("plain", fused.device(), VectorKernels.all(pool), new HostMemory(1L << 28))) {
            for (DType dtype : List.of(DType.F32, DType.F16, DType.BF16)) {
                for (int rank : new int[] {1, 33}) {
                    for (int tokens : new int[] {0, 1, 25, 61}) {
                        Plan plan = layer(dtype, rank, tokens % 2 == 1);
                        assertArrayEquals(
                                run(plain, plan, tokens),
                                run(fused, plan, tokens),
                                () -> dtype + ", rank " + rank + ", " + tokens + " tokens");
                    }
                }
            }
        } finally {
            pool.close();
        }
    }

    @Test
    void kernelsSayWhatTheyFuse() {
        String lanes = "__vector" + Lanes.BITS;
        try (Backend fused = new VectorBackend(1, 1L << 28);
                PreparedPlan withGelu = fused.prepare(layer(DType.F32, 4, true));
                PreparedPlan without = fused.prepare(layer(DType.F32, 4, false))) {
            assertEquals(List.of("quantize_down" + lanes, "low_bit_linear_up_gelu" + lanes), withGelu.kernelIds());
            assertEquals(List.of("quantize_down" + lanes, "low_bit_linear_up" + lanes), without.kernelIds());
        }
    }
}
