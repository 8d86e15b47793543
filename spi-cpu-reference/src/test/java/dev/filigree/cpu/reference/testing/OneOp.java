package dev.filigree.cpu.reference.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
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
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs one op on the reference and reads back what it wrote.
 *
 * <pre>
 * OneOp op = new OneOp();
 * op.floats("a", shape(1, 2), 1, 2).floats("b", shape(1, 2), 10, 20).output("out", F32, 1, 2);
 * op.run(new Add(ref("a"), ref("b"), ref("out")));
 * assertArrayEquals(new float[] {11, 22}, op.floats("out"));
 * </pre>
 *
 * <p>Every tensor stands between two guards; {@link #run} fails if an op writes into one, if an input changed, or if
 * native memory is left over. Outputs start as {@value #UNTOUCHED} bytes, so a test sees what was left alone.
 */
public final class OneOp {
    /** What every byte of an output is before the run. */
    public static final byte UNTOUCHED = 0x5a;

    private static final int GUARD_BYTES = 256;
    private static final byte GUARD = (byte) 0xc3;

    private final Map<String, TensorDecl> decls = new LinkedHashMap<>();
    private final Map<String, byte[]> bytes = new LinkedHashMap<>();

    /** A reference to a tensor. */
    public static TensorRef ref(String name) {
        return TensorRef.of(name);
    }

    /** Extents, outermost first. */
    public static long[] shape(long... extents) {
        return extents;
    }

    /** An f32 input. */
    public OneOp floats(String name, long[] shape, float... values) {
        return floats(name, DType.F32, shape, values);
    }

    /** An input of some float dtype; values are rounded to it. */
    public OneOp floats(String name, DType dtype, long[] shape, float... values) {
        return declare(name, TensorRole.INPUT, dtype, shape, Stored.floats(dtype, values));
    }

    /** An i32 input. */
    public OneOp ints(String name, long[] shape, int... values) {
        return codes(name, DType.I32, shape, values);
    }

    /** An input of some integer dtype, or codes of some float dtype. */
    public OneOp codes(String name, DType dtype, long[] shape, int... values) {
        return declare(name, TensorRole.INPUT, dtype, shape, Stored.codes(dtype, values));
    }

    /** An i64 vector. */
    public OneOp longs(String name, long... values) {
        return declare(name, TensorRole.INPUT, DType.I64, shape(values.length), Stored.longs(values));
    }

    /** A tensor that the op writes, with undefined content before. */
    public OneOp output(String name, DType dtype, long... shape) {
        byte[] content =
                new byte[(int) decl(name, TensorRole.OUTPUT, dtype, shape).capacityBytes()];
        Arrays.fill(content, UNTOUCHED);
        return declare(name, TensorRole.OUTPUT, dtype, shape, content);
    }

    /** A float tensor that the op reads and writes. */
    public OneOp updated(String name, DType dtype, long[] shape, float... values) {
        return declare(name, TensorRole.STATE, dtype, shape, Stored.floats(dtype, values));
    }

    /** An i32 tensor that the op reads and writes. */
    public OneOp updatedInts(String name, long[] shape, int... values) {
        return declare(name, TensorRole.STATE, DType.I32, shape, Stored.codes(DType.I32, values));
    }

    /** Bytes that the op reads and writes: cache pages. */
    public OneOp pages(String name, long numPages, long pageBytes, byte[] content) {
        return declare(name, TensorRole.STATE, DType.U8, shape(numPages, pageBytes), content);
    }

    /** Shows the bytes of a tensor under another shape and strides: a view into a wider tensor. */
    public OneOp view(String name, long[] shape, long... strides) {
        TensorDecl wide = decls.get(name);
        TensorDecl narrow = decl(name, wide.role(), wide.dtype(), shape);
        decls.put(
                name, new TensorDecl(narrow.ref(), narrow.role(), narrow.dtype(), narrow.dims(), Strides.of(strides)));
        return this;
    }

    /** Runs the op over the tensors; may be called again, outputs keep what was written. */
    public OneOp run(Op op) {
        Plan plan = new Plan("test", new Tensors(decls.values()), List.of(op));
        try (ReferenceBackend backend = new ReferenceBackend(1L << 30)) {
            try (BufferScope scope = backend.openScope();
                    ExecutionStream stream = backend.openStream();
                    PreparedPlan prepared = backend.prepare(plan)) {
                run(prepared, scope, stream);
            }
            assertEquals(0, backend.memory().usedBytes(), "native memory left after the scope closed");
        }
        return this;
    }

    private void run(PreparedPlan prepared, BufferScope scope, ExecutionStream stream) {
        RunBindings bindings = new RunBindings(prepared.plan());
        Map<String, DeviceBuffer> buffers = new LinkedHashMap<>();
        bytes.forEach((name, content) -> {
            DeviceBuffer buffer = scope.allocate(content.length + 2L * GUARD_BYTES);
            stream.fill(buffer, 0, buffer.sizeBytes(), GUARD);
            stream.write(MemorySegment.ofArray(content), buffer, GUARD_BYTES);
            bindings.bind(ref(name), buffer, GUARD_BYTES);
            buffers.put(name, buffer);
        });
        prepared.run(stream, bindings, scope.allocate(prepared.workspaceBytes()));
        stream.synchronize();
        buffers.forEach((name, buffer) -> readBack(name, buffer, stream));
    }

    private void readBack(String name, DeviceBuffer buffer, ExecutionStream stream) {
        byte[] before = bytes.get(name);
        byte[] whole = new byte[(int) buffer.sizeBytes()];
        stream.read(buffer, 0, MemorySegment.ofArray(whole));
        byte[] guard = new byte[GUARD_BYTES];
        Arrays.fill(guard, GUARD);
        int end = GUARD_BYTES + before.length;
        assertArrayEquals(guard, Arrays.copyOf(whole, GUARD_BYTES), () -> "bytes before " + name + " changed");
        assertArrayEquals(
                guard, Arrays.copyOfRange(whole, end, end + GUARD_BYTES), () -> "bytes after " + name + " changed");
        byte[] after = Arrays.copyOfRange(whole, GUARD_BYTES, end);
        if (decls.get(name).role() == TensorRole.INPUT) {
            assertArrayEquals(before, after, () -> "input " + name + " changed");
        }
        bytes.put(name, after);
    }

    /** The values of a float tensor, in the order of its bytes. */
    public float[] floats(String name) {
        return Stored.toFloats(decls.get(name).dtype(), bytes.get(name));
    }

    /** The integers or codes of a tensor of up to 32 bits, in the order of its bytes. */
    public int[] ints(String name) {
        return Stored.toInts(decls.get(name).dtype(), bytes.get(name));
    }

    /** The bytes of a tensor. */
    public byte[] bytes(String name) {
        return bytes.get(name).clone();
    }

    private OneOp declare(String name, TensorRole role, DType dtype, long[] shape, byte[] content) {
        decls.put(name, decl(name, role, dtype, shape));
        bytes.put(name, content);
        return this;
    }

    private static TensorDecl decl(String name, TensorRole role, DType dtype, long[] shape) {
        List<Dim> dims = new ArrayList<>();
        for (int axis = 0; axis < shape.length; axis++) {
            dims.add(Dim.fixed("axis" + axis, shape[axis]));
        }
        return TensorDecl.of(name, role, dtype, dims.toArray(new Dim[0]));
    }
}
