package dev.filigree.host.quantize.math;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.op.Linear;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Products {@code a b^T} of f32 matrices on a backend. Equal calls give equal bits. Not thread-safe. */
public final class Products implements AutoCloseable {
    private static final TensorRef X = TensorRef.of("x");
    private static final TensorRef WEIGHT = TensorRef.of("weight");
    private static final TensorRef Y = TensorRef.of("y");

    private final Backend backend;
    private final ExecutionStream stream;
    private final Map<Shape, PreparedPlan> prepared = new HashMap<>();

    private record Shape(int maxRows, int outputs, int depth) {}

    /** Products on an open backend, which the caller closes. */
    public Products(Backend backend) {
        this.backend = backend;
        stream = backend.openStream();
    }

    /** A plan of the kind that is run, for choosing a backend. */
    public static Plan sample() {
        return plan(new Shape(64, 64, 64));
    }

    private static Plan plan(Shape shape) {
        PlanBuilder builder = new PlanBuilder("quantize.product");
        Dim rows = Dim.upTo("numTokens", shape.maxRows);
        Dim in = Dim.fixed("inFeatures", shape.depth);
        Dim out = Dim.fixed("outFeatures", shape.outputs);
        builder.declare(X.name(), TensorRole.INPUT, DType.F32, rows, in);
        builder.declare(WEIGHT.name(), TensorRole.WEIGHT, DType.F32, out, in);
        builder.declare(Y.name(), TensorRole.OUTPUT, DType.F32, rows, out);
        return builder.add(new Linear(X, WEIGHT, Optional.empty(), Y)).build();
    }

    /** Brings a matrix to the device. */
    public Operand load(float[] values, int rows, int columns) {
        if (values.length != (long) rows * columns) {
            throw new IllegalArgumentException(
                    "a matrix of " + rows + " x " + columns + " was given " + values.length + " values");
        }
        BufferScope scope = backend.openScope();
        DeviceBuffer buffer = scope.allocate(Math.max(4, 4L * values.length));
        MemorySegment heap = MemorySegment.ofArray(values);
        if (buffer.hostSegment().isPresent()) {
            MemorySegment.copy(heap, 0, buffer.hostSegment().get(), 0, heap.byteSize());
        } else {
            try (Arena arena = Arena.ofConfined()) {
                stream.write(arena.allocate(heap.byteSize(), 4).copyFrom(heap), buffer, 0);
                stream.synchronize();
            }
        }
        return new Operand(scope, buffer, rows, columns);
    }

    /**
     * {@code a b^T}.
     *
     * @param a {@code [m, k]}
     * @param b {@code [n, k]}
     * @return {@code [m, n]}
     */
    public float[] times(Operand a, Operand b) {
        if (a.columns() != b.columns()) {
            throw new IllegalArgumentException("matrices of " + a.columns() + " and " + b.columns()
                    + " columns were multiplied; accepted are equal numbers");
        }
        float[] result = new float[Math.multiplyExact(a.rows(), b.rows())];
        if (result.length == 0 || a.columns() == 0) {
            return result;
        }
        int maxRows = Math.max(16, Integer.highestOneBit(2 * a.rows() - 1));
        PreparedPlan plan = prepared.computeIfAbsent(
                new Shape(maxRows, b.rows(), a.columns()), shape -> backend.prepare(plan(shape)));
        try (BufferScope scope = backend.openScope()) {
            DeviceBuffer y = scope.allocate(4L * result.length);
            RunBindings bindings = new RunBindings(plan.plan());
            bindings.bind(X, a.buffer());
            bindings.bind(WEIGHT, b.buffer());
            bindings.bind(Y, y);
            bindings.axis("numTokens", a.rows());
            plan.run(stream, bindings, scope.allocate(Math.max(1, plan.workspaceBytes())));
            stream.synchronize();
            fetch(y, result);
        }
        return result;
    }

    /** {@code a b^T} of matrices that are used once. */
    public float[] times(float[] a, int m, float[] b, int n, int k) {
        try (Operand left = load(a, m, k);
                Operand right = load(b, n, k)) {
            return times(left, right);
        }
    }

    private void fetch(DeviceBuffer buffer, float[] target) {
        if (buffer.hostSegment().isPresent()) {
            MemorySegment.copy(buffer.hostSegment().get(), ValueLayout.JAVA_FLOAT, 0, target, 0, target.length);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment staging = arena.allocate(4L * target.length, 4);
            stream.read(buffer, 0, staging);
            stream.synchronize();
            MemorySegment.copy(staging, ValueLayout.JAVA_FLOAT, 0, target, 0, target.length);
        }
    }

    @Override
    public void close() {
        prepared.values().forEach(PreparedPlan::close);
        stream.close();
    }
}
