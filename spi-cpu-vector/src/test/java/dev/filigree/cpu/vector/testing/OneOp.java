package dev.filigree.cpu.vector.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.host.HostBackend;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.api.tensor.Strides;
import dev.filigree.cpu.reference.ReferenceBackend;
import dev.filigree.cpu.vector.VectorBackend;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** One op over the same bytes on this backend and on the reference, with guard bytes around every tensor. */
public final class OneOp {
    private static final int GUARD_BYTES = 68;
    private static final byte GUARD = 0x5a;

    private final Map<String, TensorDecl> decls = new LinkedHashMap<>();
    private final Map<String, byte[]> before = new LinkedHashMap<>();
    private Map<String, byte[]> ours = new LinkedHashMap<>();
    private Map<String, byte[]> theirs = new LinkedHashMap<>();
    private int threads = 2;

    /** The name of a tensor. */
    public static TensorRef ref(String name) {
        return TensorRef.of(name);
    }

    /** Extents of a tensor. */
    public static long[] shape(long... extents) {
        return extents;
    }

    /** Sets the threads of this backend; 2 otherwise. */
    public OneOp threads(int count) {
        threads = count;
        return this;
    }

    /** Normal numbers. */
    public OneOp randoms(String name, DType dtype, Random random, double scale, long... extents) {
        float[] values = new float[count(extents)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (scale * random.nextGaussian());
        }
        return floats(name, dtype, extents, values);
    }

    /** Given numbers. */
    public OneOp floats(String name, DType dtype, long[] extents, float... values) {
        byte[] bytes = new byte[(int) dtype.bytes(values.length)];
        for (int i = 0; i < values.length; i++) {
            HostTensor.store(MemorySegment.ofArray(bytes), 0, dtype, i, values[i]);
        }
        return declare(name, TensorRole.INPUT, dtype, extents, bytes);
    }

    /** Given i32. */
    public OneOp ints(String name, long[] extents, int... values) {
        byte[] bytes = new byte[4 * values.length];
        MemorySegment.copy(values, 0, MemorySegment.ofArray(bytes), ValueLayout.JAVA_INT_UNALIGNED, 0, values.length);
        return declare(name, TensorRole.INPUT, DType.I32, extents, bytes);
    }

    /** Given i64. */
    public OneOp longs(String name, long... values) {
        byte[] bytes = new byte[8 * values.length];
        MemorySegment.copy(values, 0, MemorySegment.ofArray(bytes), ValueLayout.JAVA_LONG_UNALIGNED, 0, values.length);
        return declare(name, TensorRole.INPUT, DType.I64, shape(values.length), bytes);
    }

    /** Bytes that the op writes, 0x33 before. */
    public OneOp output(String name, DType dtype, long... extents) {
        byte[] bytes = new byte[(int) dtype.bytes(count(extents))];
        Arrays.fill(bytes, (byte) 0x33);
        return declare(name, TensorRole.STATE, dtype, extents, bytes);
    }

    /** Lets the op write what was an input. */
    public OneOp writable(String name) {
        TensorDecl d = decls.get(name);
        decls.put(name, d.as(d.ref(), TensorRole.STATE));
        return this;
    }

    /** Given bytes that the op may write. */
    public OneOp state(String name, DType dtype, long[] extents, byte[] bytes) {
        return declare(name, TensorRole.STATE, dtype, extents, bytes);
    }

    /** Shows the bytes of a tensor under another shape and strides. */
    public OneOp view(String name, long[] extents, long... strides) {
        TensorDecl wide = decls.get(name);
        TensorDecl narrow = decl(name, wide.role(), wide.dtype(), extents);
        decls.put(
                name, new TensorDecl(narrow.ref(), narrow.role(), narrow.dtype(), narrow.dims(), Strides.of(strides)));
        return this;
    }

    /** Runs the op on both. */
    public OneOp run(Op op) {
        Plan plan = new Plan("test", new Tensors(decls.values()), List.of(op));
        try (ReferenceBackend reference = new ReferenceBackend(1L << 31);
                VectorBackend vector = new VectorBackend(threads, 1L << 31)) {
            theirs = run(reference, plan);
            ours = run(vector, plan);
            checkEmpty(vector);
        }
        return this;
    }

    private static void checkEmpty(HostBackend backend) {
        assertEquals(0, backend.memory().usedBytes(), "native memory left after the scope closed");
    }

    private Map<String, byte[]> run(Backend backend, Plan plan) {
        Map<String, byte[]> after = new LinkedHashMap<>();
        try (BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream();
                PreparedPlan prepared = backend.prepare(plan)) {
            RunBindings bindings = new RunBindings(plan);
            Map<String, DeviceBuffer> buffers = new LinkedHashMap<>();
            before.forEach((name, content) -> {
                DeviceBuffer buffer = scope.allocate(content.length + 2L * GUARD_BYTES);
                stream.fill(buffer, 0, buffer.sizeBytes(), GUARD);
                stream.write(MemorySegment.ofArray(content), buffer, GUARD_BYTES);
                bindings.bind(ref(name), buffer, GUARD_BYTES);
                buffers.put(name, buffer);
            });
            prepared.run(stream, bindings, scope.allocate(prepared.workspaceBytes()));
            stream.synchronize();
            buffers.forEach((name, buffer) -> after.put(name, readBack(name, buffer, stream)));
        }
        return after;
    }

    private byte[] readBack(String name, DeviceBuffer buffer, ExecutionStream stream) {
        byte[] whole = new byte[(int) buffer.sizeBytes()];
        stream.read(buffer, 0, MemorySegment.ofArray(whole));
        for (int i = 0; i < GUARD_BYTES; i++) {
            assertEquals(GUARD, whole[i], "a byte before " + name + " changed");
            assertEquals(GUARD, whole[whole.length - 1 - i], "a byte after " + name + " changed");
        }
        byte[] after = Arrays.copyOfRange(whole, GUARD_BYTES, whole.length - GUARD_BYTES);
        if (decls.get(name).role() == TensorRole.INPUT) {
            assertArrayEquals(before.get(name), after, () -> "input " + name + " changed");
        }
        return after;
    }

    /** Requires the bytes of a tensor to be those of the reference. */
    public OneOp same(String... names) {
        for (String name : names) {
            assertArrayEquals(theirs.get(name), ours.get(name), () -> name + " on " + decls.values());
        }
        return this;
    }

    /** Requires {@code |ours - theirs| <= tolerance * max(1, |theirs|)}, or both NaN, or both the same infinity. */
    public OneOp close(String name, double tolerance) {
        DType dtype = decls.get(name).dtype();
        float[] got = floats(dtype, ours.get(name));
        float[] want = floats(dtype, theirs.get(name));
        for (int i = 0; i < got.length; i++) {
            boolean equal = Float.compare(got[i], want[i]) == 0;
            if (!equal && !(Math.abs(got[i] - want[i]) <= tolerance * Math.max(1, Math.abs(want[i])))) {
                throw new AssertionError(
                        name + "[" + i + "] is " + got[i] + ", not " + want[i] + ", on " + decls.values());
            }
        }
        return this;
    }

    /** A tensor after the op on this backend. */
    public float[] floats(String name) {
        return floats(decls.get(name).dtype(), ours.get(name));
    }

    /** The bytes of a tensor after the op on this backend. */
    public byte[] bytes(String name) {
        return ours.get(name).clone();
    }

    private static float[] floats(DType dtype, byte[] bytes) {
        float[] values = new float[bytes.length * 8 / dtype.bits()];
        for (int i = 0; i < values.length; i++) {
            values[i] = HostTensor.load(MemorySegment.ofArray(bytes), 0, dtype, i);
        }
        return values;
    }

    private OneOp declare(String name, TensorRole role, DType dtype, long[] extents, byte[] content) {
        decls.put(name, decl(name, role, dtype, extents));
        before.put(name, content);
        return this;
    }

    private static TensorDecl decl(String name, TensorRole role, DType dtype, long[] extents) {
        List<Dim> dims = new ArrayList<>();
        for (int axis = 0; axis < extents.length; axis++) {
            dims.add(Dim.fixed("axis" + axis, extents[axis]));
        }
        return TensorDecl.of(name, role, dtype, dims.toArray(new Dim[0]));
    }

    private static int count(long... extents) {
        return (int) Arrays.stream(extents).reduce(1, (a, b) -> a * b);
    }
}
