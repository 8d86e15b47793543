package dev.filigree.api.plan;

import dev.filigree.api.tensor.DeviceBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one run of a plan works on: a buffer per bound tensor and an extent per variable axis. Made once per plan and
 * changed between runs; binding allocates nothing. Not thread-safe.
 */
public final class RunBindings implements Axes {
    private final Plan plan;
    private final Map<TensorRef, Integer> slots = new HashMap<>();
    private final Map<String, Integer> axisSlots = new HashMap<>();
    private final List<TensorDecl> decls = new ArrayList<>();
    private final @Nullable DeviceBuffer[] buffers;
    private final long[] offsets;
    private final long[] axisValues;
    private final long[] axisCapacities;

    /** Bindings with nothing bound and every axis at its capacity. */
    public RunBindings(Plan plan) {
        this.plan = plan;
        for (TensorDecl decl : plan.tensors().all()) {
            if (decl.role() != TensorRole.TEMP) {
                slots.put(decl.ref(), slots.size());
                decls.add(decl);
            }
        }
        buffers = new @Nullable DeviceBuffer[slots.size()];
        offsets = new long[slots.size()];
        plan.variableAxes().forEach(axis -> axisSlots.put(axis, axisSlots.size()));
        axisValues = new long[axisSlots.size()];
        axisCapacities = new long[axisSlots.size()];
        Arrays.fill(axisCapacities, Long.MAX_VALUE);
        for (TensorDecl decl : plan.tensors().all()) {
            for (Dim dim : decl.dims()) {
                if (dim.variable()) {
                    int slot = axisSlot(dim.axis());
                    axisCapacities[slot] = Math.min(axisCapacities[slot], dim.size());
                }
            }
        }
        System.arraycopy(axisCapacities, 0, axisValues, 0, axisValues.length);
    }

    /** The plan these bindings serve. */
    public Plan plan() {
        return plan;
    }

    /** Binds a tensor at the start of a buffer. */
    public RunBindings bind(TensorRef ref, DeviceBuffer buffer) {
        return bind(ref, buffer, 0);
    }

    /**
     * Binds a tensor.
     *
     * @param ref a tensor of the plan that is not a temporary
     * @param buffer holds at least the current extent from the offset on; checked again at run
     * @param offsetBytes of the first element
     * @throws PlanException if the plan has no such tensor to bind
     */
    public RunBindings bind(TensorRef ref, DeviceBuffer buffer, long offsetBytes) {
        int slot = slot(ref);
        buffers[slot] = buffer;
        offsets[slot] = offsetBytes;
        return this;
    }

    /**
     * Sets the extent of a variable axis.
     *
     * @throws PlanException if the plan has no such axis or the extent exceeds its capacity
     */
    public RunBindings axis(String axis, long extent) {
        int slot = axisSlot(axis);
        if (extent < 0 || extent > axisCapacities[slot]) {
            throw new PlanException("axis " + axis + " of plan " + plan.name() + " must be 0 to " + axisCapacities[slot]
                    + ", not " + extent);
        }
        axisValues[slot] = extent;
        return this;
    }

    @Override
    public long value(String axis) {
        return axisValues[axisSlot(axis)];
    }

    /**
     * The buffer of a tensor.
     *
     * @throws PlanException if nothing is bound, or what is bound is too small for the current extents
     */
    public DeviceBuffer buffer(TensorRef ref) {
        int slot = slot(ref);
        DeviceBuffer buffer = buffers[slot];
        if (buffer == null) {
            throw new PlanException("tensor " + decls.get(slot) + " of plan " + plan.name() + " is not bound");
        }
        long need = neededBytes(decls.get(slot));
        if (offsets[slot] < 0 || need > buffer.sizeBytes() - offsets[slot]) {
            throw new PlanException("tensor " + decls.get(slot) + " needs " + need + " bytes at byte " + offsets[slot]
                    + " of a buffer of " + buffer.sizeBytes() + " bytes");
        }
        return buffer;
    }

    /** Where in its buffer a bound tensor starts, in bytes. */
    public long offsetBytes(TensorRef ref) {
        return offsets[slot(ref)];
    }

    private long neededBytes(TensorDecl decl) {
        long last = 0;
        for (int axis = 0; axis < decl.rank(); axis++) {
            long extent = decl.dims().get(axis).extent(this);
            if (extent == 0) {
                return 0;
            }
            last += (extent - 1) * decl.strides().step(axis);
        }
        return decl.dtype().bytes(last + 1);
    }

    private int slot(TensorRef ref) {
        Integer slot = slots.get(ref);
        if (slot == null) {
            throw new PlanException("plan " + plan.name() + " has no tensor " + ref + " to bind");
        }
        return slot;
    }

    private int axisSlot(String axis) {
        Integer slot = axisSlots.get(axis);
        if (slot == null) {
            throw new PlanException(
                    "plan " + plan.name() + " has no variable axis " + axis + ", only " + axisSlots.keySet());
        }
        return slot;
    }
}
