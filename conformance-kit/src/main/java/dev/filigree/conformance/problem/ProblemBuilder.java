package dev.filigree.conformance.problem;

import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Axes;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.Strides;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Collects tensors with their bytes and steps into a {@link Problem}. Not thread-safe. */
public final class ProblemBuilder {
    /** Variable axes get this much more capacity than a run uses, so that extents and capacities differ. */
    private static final int SLACK = 3;

    private final PlanBuilder plan;
    private final Map<String, Long> axes = new LinkedHashMap<>();
    private final Map<TensorRef, TensorData> data = new LinkedHashMap<>();
    private final Set<TensorRef> compared = new LinkedHashSet<>();
    private Workload workload = new Workload(1, 1, 1, 1);

    /** A builder of an empty problem. */
    public ProblemBuilder(String name) {
        plan = new PlanBuilder(name);
    }

    /** A variable axis with its extent in this run. */
    public Dim axis(String name, long extent) {
        return axis(name, extent, extent + SLACK);
    }

    /** A variable axis with its extent in this run and its capacity. */
    public Dim axis(String name, long extent, long capacity) {
        axes.put(name, extent);
        return Dim.upTo(name, capacity);
    }

    /** Declares a tensor whose rows may lie apart. */
    public TensorRef declare(String name, TensorRole role, DType dtype, Layout layout, Dim... dims) {
        TensorDecl contiguous = TensorDecl.of(name, role, dtype, dims);
        Strides strides = layout.strides(contiguous);
        TensorRef ref = plan.declare(new TensorDecl(contiguous.ref(), role, dtype, List.of(dims), strides));
        if (role == TensorRole.TEMP) {
            return ref;
        }
        TensorData bytes = TensorData.zeros(plan.decl(ref), extents());
        data.put(ref, bytes);
        if (role == TensorRole.OUTPUT || role == TensorRole.STATE) {
            compared.add(ref);
            bytes.bytes().fill(TensorData.UNTOUCHED);
        }
        return ref;
    }

    /** A float tensor that is read. */
    public TensorRef input(String name, DType dtype, float[] values, Dim... dims) {
        return input(name, dtype, Layout.CONTIGUOUS, values, dims);
    }

    /** A float tensor that is read, with rows that may lie apart. */
    public TensorRef input(String name, DType dtype, Layout layout, float[] values, Dim... dims) {
        TensorRef ref = declare(name, TensorRole.INPUT, dtype, layout, dims);
        data(ref).bytes().fill(TensorData.UNTOUCHED);
        data(ref).fill(values);
        return ref;
    }

    /** A float tensor that is the same for every run. */
    public TensorRef weight(String name, DType dtype, float[] values, Dim... dims) {
        TensorRef ref = declare(name, TensorRole.WEIGHT, dtype, Layout.CONTIGUOUS, dims);
        data(ref).fill(values);
        return ref;
    }

    /** Codes of a narrow dtype that are read. */
    public TensorRef codes(String name, DType dtype, int[] codes, Dim... dims) {
        TensorRef ref = declare(name, TensorRole.WEIGHT, dtype, Layout.CONTIGUOUS, dims);
        for (int i = 0; i < codes.length; i++) {
            data(ref).setCode(i, codes[i]);
        }
        return ref;
    }

    /** An i32 tensor that is read. */
    public TensorRef ints(String name, int[] values, Dim... dims) {
        TensorRef ref = declare(name, TensorRole.INPUT, DType.I32, Layout.CONTIGUOUS, dims);
        data(ref).fill(values);
        return ref;
    }

    /** A tensor that is written. */
    public TensorRef output(String name, DType dtype, Dim... dims) {
        return declare(name, TensorRole.OUTPUT, dtype, Layout.CONTIGUOUS, dims);
    }

    /** A tensor that is read and written, of zeros until its bytes are filled. */
    public TensorRef state(String name, DType dtype, Dim... dims) {
        TensorRef ref = declare(name, TensorRole.STATE, dtype, Layout.CONTIGUOUS, dims);
        data(ref).bytes().fill((byte) 0);
        return ref;
    }

    /** A float tensor that is read and written. */
    public TensorRef state(String name, DType dtype, float[] values, Dim... dims) {
        TensorRef ref = state(name, dtype, dims);
        data(ref).fill(values);
        return ref;
    }

    /** A tensor that lives in the workspace. */
    public TensorRef temp(String name, DType dtype, Dim... dims) {
        return plan.temp(name, dtype, dims);
    }

    /** The bytes of a tensor, to be filled. */
    public TensorData data(TensorRef ref) {
        TensorData found = data.get(ref);
        if (found == null) {
            throw new IllegalArgumentException("tensor " + ref + " has no bytes");
        }
        return found;
    }

    /** The extents under which the plan is priced. */
    public ProblemBuilder workload(long numSeqs, long numTokens, long contextTokens) {
        workload = new Workload(numSeqs, numTokens, contextTokens, 1);
        return this;
    }

    /** Appends a step. */
    public ProblemBuilder add(Op op) {
        plan.add(op);
        return this;
    }

    /** The finished problem. */
    public Problem build() {
        return new Problem(plan.build(), axes, data, compared, workload);
    }

    private Axes extents() {
        return axis -> {
            Long extent = axes.get(axis);
            if (extent == null) {
                throw new IllegalArgumentException("axis " + axis + " has no extent");
            }
            return extent;
        };
    }
}
