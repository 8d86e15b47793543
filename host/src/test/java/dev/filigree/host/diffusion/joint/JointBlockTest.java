package dev.filigree.host.diffusion.joint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.host.arrays.ArrayPlan;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** A FLUX-shaped block with random weights: what its weights take, and that it runs. */
class JointBlockTest {
    private static final JointShape SMALL = new JointShape(64, 4, 4, 9, 5);

    private static long weightBytes(Plan plan) {
        return plan.tensors().all().stream()
                .filter(decl -> decl.role() == TensorRole.WEIGHT)
                .mapToLong(TensorDecl::capacityBytes)
                .sum();
    }

    /** Weights of every linear with scales, branch, smoothing and bias, and the norms' own, against bf16. */
    @Test
    void weightsOfFluxTakeLessThanBf16BySeventyPercent() {
        JointShape flux = JointShape.flux(64, 32);
        long exact = weightBytes(JointBlock.plan(flux, JointSchemes.bf16(), DType.F32));
        long small = weightBytes(JointBlock.plan(flux, JointSchemes.svdquant(32), DType.F32));
        assertTrue(exact > 600 << 20, () -> exact + " bytes");
        double ratio = (double) exact / small;
        assertTrue(ratio >= 3.5, () -> exact + " / " + small + " = " + ratio);
    }

    private static void fill(MemorySegment bytes, TensorDecl decl, Random random) {
        long count = decl.capacityBytes() * 8 / decl.dtype().bits();
        boolean floats = decl.dtype().isFloating() && !decl.dtype().isPacked();
        boolean scales = decl.ref().name().endsWith("wscales");
        boolean smooth = decl.ref().name().endsWith("smooth");
        for (long i = 0; i < count; i++) {
            if (floats) {
                double value = scales ? 0.01 : smooth ? 1 + random.nextDouble() : 0.1 * random.nextGaussian();
                HostTensor.store(bytes, 0, decl.dtype(), i, (float) value);
            } else {
                HostTensor.storeInt(bytes, 0, decl.dtype(), i, random.nextInt(15) - 7);
            }
        }
    }

    /** Runs a block over random weights; returns the picture stream and the seconds of the second run. */
    private static float[] run(String name, JointShape shape, JointSchemes schemes, double[] seconds) {
        Plan plan = JointBlock.plan(shape, schemes, DType.F32);
        Random random = new Random(3);
        try (Backend backend = BackendSelector.installed()
                        .select(BackendRequest.named(name), List.of(plan))
                        .backend();
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream()) {
            Map<String, DeviceBuffer> shared = new HashMap<>();
            for (TensorDecl decl : plan.tensors().all()) {
                if (decl.role() == TensorRole.WEIGHT) {
                    DeviceBuffer buffer = scope.allocate(decl.capacityBytes());
                    fill(buffer.hostSegment().orElseThrow(), decl, random);
                    shared.put(decl.ref().name(), buffer);
                }
            }
            try (ArrayPlan block = new ArrayPlan(backend, scope, stream, plan, shared)) {
                block.axis("numSeqs", 1).axis("numPatches", shape.maxPatches()).axis("numWords", shape.maxWords());
                float[] image = normals(random, shape.maxPatches() * shape.hidden());
                block.writeFloats("text", normals(random, shape.maxWords() * shape.hidden()));
                block.writeFloats("vector", normals(random, shape.hidden()));
                block.writeInts("image.offsets", new int[] {0, shape.maxPatches()});
                block.writeInts("text.offsets", new int[] {0, shape.maxWords()});
                for (int i = 0; i < seconds.length; i++) {
                    block.writeFloats("image", image);
                    long start = System.nanoTime();
                    block.run();
                    seconds[i] = (System.nanoTime() - start) * 1e-9;
                }
                block.writeFloats("image", image);
                block.run();
                block.readFloats("image", image);
                return image;
            }
        }
    }

    private static float[] normals(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @Test
    void backendsAgreeOnABlock() {
        float[] expected = run("cpu-reference", SMALL, JointSchemes.bf16(), new double[0]);
        assertArrayEquals(expected, run("cpu-vector", SMALL, JointSchemes.bf16(), new double[0]), 1e-4f);
    }

    /** A sum that differs in its last digit may turn a code over, so the mean is held and not each number. */
    @Test
    void backendsAgreeOnAQuantizedBlock() {
        float[] expected = run("cpu-reference", SMALL, JointSchemes.svdquant(8), new double[0]);
        float[] actual = run("cpu-vector", SMALL, JointSchemes.svdquant(8), new double[0]);
        double off = 0;
        double all = 0;
        for (int i = 0; i < expected.length; i++) {
            off += Math.abs((double) expected[i] - actual[i]);
            all += Math.abs(expected[i]);
        }
        double share = off / all;
        assertTrue(share < 0.01, () -> "off by " + share);
    }

    /** Prints the times of one block: {@code -Dfiligree.joint=true}. */
    @Test
    @EnabledIfSystemProperty(named = "filigree.joint", matches = ".+")
    void time() {
        JointShape flux = JointShape.flux(256, 64);
        for (String name : List.of("bf16", "svdquant")) {
            double[] seconds = new double[5];
            JointSchemes schemes = name.equals("bf16") ? JointSchemes.bf16() : JointSchemes.svdquant(32);
            run("cpu-vector", flux, schemes, seconds);
            java.util.Arrays.sort(seconds);
            System.out.printf(
                    "%s: median %.3f s of 5, %d MiB of weights%n",
                    name, seconds[2], weightBytes(JointBlock.plan(flux, schemes, DType.F32)) >> 20);
        }
    }
}
