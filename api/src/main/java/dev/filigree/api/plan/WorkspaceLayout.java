package dev.filigree.api.plan;

import dev.filigree.api.op.Op;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where each temporary of a plan lies in the workspace, and the exact size. Temporaries that are never alive at the
 * same step share bytes. Computed the same way for every backend, so plans can be priced without one.
 *
 * @param offsets byte offset of each temporary, multiples of {@link BufferScope#ALIGNMENT_BYTES}
 * @param tempBytes size of all temporaries together
 * @param scratchOffset where per-step scratch begins
 * @param totalBytes temporaries plus the largest per-step scratch
 */
public record WorkspaceLayout(Map<TensorRef, Long> offsets, long tempBytes, long scratchOffset, long totalBytes) {

    /** Copies the map, keeping its order. */
    public WorkspaceLayout {
        offsets = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(offsets));
    }

    /**
     * Lays out the temporaries of a plan.
     *
     * @param plan the steps
     * @param scratchBytes the largest scratch any single step needs
     */
    public static WorkspaceLayout of(Plan plan, long scratchBytes) {
        Map<TensorRef, int[]> lifetimes = lifetimes(plan);
        Map<TensorRef, Long> offsets = new LinkedHashMap<>();
        Map<TensorRef, Long> ends = new HashMap<>();
        long top = 0;
        for (Map.Entry<TensorRef, int[]> entry : lifetimes.entrySet()) {
            long size = align(plan.tensors().get(entry.getKey()).capacityBytes());
            long offset = firstGap(size, entry.getValue(), lifetimes, offsets, ends);
            offsets.put(entry.getKey(), offset);
            ends.put(entry.getKey(), offset + size);
            top = Math.max(top, offset + size);
        }
        return new WorkspaceLayout(offsets, top, top, Math.addExact(top, align(scratchBytes)));
    }

    private static Map<TensorRef, int[]> lifetimes(Plan plan) {
        Map<TensorRef, int[]> lifetimes = new LinkedHashMap<>();
        for (int step = 0; step < plan.ops().size(); step++) {
            Op op = plan.ops().get(step);
            List<TensorRef> touched = new ArrayList<>(op.inputs());
            touched.addAll(op.outputs());
            for (TensorRef ref : touched) {
                if (plan.tensors().get(ref).role() == TensorRole.TEMP) {
                    int first = step;
                    lifetimes.computeIfAbsent(ref, r -> new int[] {first, first})[1] = step;
                }
            }
        }
        return lifetimes;
    }

    private static long firstGap(
            long size,
            int[] lifetime,
            Map<TensorRef, int[]> lifetimes,
            Map<TensorRef, Long> offsets,
            Map<TensorRef, Long> ends) {
        TreeMap<Long, Long> taken = new TreeMap<>();
        for (Map.Entry<TensorRef, Long> placed : offsets.entrySet()) {
            int[] other = lifetimes.getOrDefault(placed.getKey(), lifetime);
            if (other[0] <= lifetime[1] && lifetime[0] <= other[1]) {
                taken.merge(placed.getValue(), ends.getOrDefault(placed.getKey(), 0L), Math::max);
            }
        }
        long offset = 0;
        for (Map.Entry<Long, Long> block : taken.entrySet()) {
            if (block.getKey() - offset >= size) {
                break;
            }
            offset = Math.max(offset, block.getValue());
        }
        return offset;
    }

    /**
     * Throws unless a buffer can be the workspace of a plan.
     *
     * @throws PlanException with the plan's name and both sizes
     */
    public void requireFits(Plan plan, DeviceBuffer workspace) {
        if (workspace.sizeBytes() < totalBytes) {
            throw new PlanException("workspace of plan " + plan.name() + " must have " + totalBytes + " bytes, not "
                    + workspace.sizeBytes());
        }
    }

    /** Rounds up to a multiple of {@link BufferScope#ALIGNMENT_BYTES}. */
    public static long align(long bytes) {
        long unit = BufferScope.ALIGNMENT_BYTES;
        return Math.multiplyExact(Math.addExact(bytes, unit - 1) / unit, unit);
    }
}
