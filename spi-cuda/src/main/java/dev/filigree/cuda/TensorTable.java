package dev.filigree.cuda;

import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.WorkspaceLayout;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.cuda.driver.CudaStreamHandle;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;

/**
 * The tensors of a plan as kernels see them, one entry each in device memory (struct Tensor of common/tensor.cuh). A run
 * rewrites what changed since the run before and nothing else, so the same recording serves other buffers and extents.
 */
final class TensorTable {
    /** Bytes of an entry: address, 4 extents, 4 strides, dtype, rank, denseRows and padding. */
    static final int ENTRY_BYTES = 88;

    private static final int EXTENTS = 8;
    private static final int STRIDES = 40;
    private static final int DTYPE = 72;
    private static final int AXES = 4;

    private final TensorDecl[] decls;
    private final long[] tempOffsets;
    private final Map<TensorRef, Integer> indices = new HashMap<>();
    private final MemorySegment host;
    private long dirtyFrom = Long.MAX_VALUE;
    private long dirtyTo;

    TensorTable(Plan plan, WorkspaceLayout layout, Arena arena) {
        decls = plan.tensors().all().toArray(TensorDecl[]::new);
        tempOffsets = new long[decls.length];
        host = arena.allocate(Math.max(1, (long) ENTRY_BYTES * decls.length), 16);
        for (int i = 0; i < decls.length; i++) {
            TensorDecl decl = decls[i];
            indices.put(decl.ref(), i);
            tempOffsets[i] = layout.offsets().getOrDefault(decl.ref(), -1L);
            long entry = (long) ENTRY_BYTES * i;
            for (int axis = 0; axis < AXES && axis < decl.rank(); axis++) {
                put(entry + STRIDES + 8L * axis, decl.strides().step(axis));
            }
            put(entry + DTYPE, decl.dtype().ordinal() | (long) decl.rank() << 32);
            put(entry + DTYPE + 8, hasDenseRows(decl) ? 1 : 0);
        }
    }

    long sizeBytes() {
        return host.byteSize();
    }

    int index(TensorRef ref) {
        Integer index = indices.get(ref);
        if (index == null) {
            throw new IllegalStateException("tensor " + ref + " is not in the table");
        }
        return index;
    }

    /** Points entries at the buffers and extents of a run; throws before anything is enqueued. */
    void point(RunBindings bindings, long workspace) {
        for (int i = 0; i < decls.length; i++) {
            TensorDecl decl = decls[i];
            long entry = (long) ENTRY_BYTES * i;
            if (tempOffsets[i] >= 0) {
                put(entry, workspace + tempOffsets[i]);
            } else if (decl.role() != TensorRole.TEMP) {
                DeviceBuffer buffer = bindings.buffer(decl.ref());
                put(entry, CudaBuffer.address(buffer, bindings.offsetBytes(decl.ref()), 0));
            }
            for (int axis = 0; axis < AXES && axis < decl.rank(); axis++) {
                put(entry + EXTENTS + 8L * axis, decl.dims().get(axis).extent(bindings));
            }
        }
    }

    /** Enqueues the copy of what changed; answers whether anything did. */
    boolean upload(CudaStreamHandle stream, long device) {
        if (dirtyFrom >= dirtyTo) {
            return false;
        }
        stream.copyIn(host.asSlice(dirtyFrom, dirtyTo - dirtyFrom), device + dirtyFrom);
        dirtyFrom = Long.MAX_VALUE;
        dirtyTo = 0;
        return true;
    }

    /** Where a tensor's data is in the run that was pointed at last. */
    long address(TensorRef ref) {
        return host.get(ValueLayout.JAVA_LONG, (long) ENTRY_BYTES * index(ref));
    }

    /** An extent in the run that was pointed at last. */
    long extent(TensorRef ref, int axis) {
        return host.get(ValueLayout.JAVA_LONG, (long) ENTRY_BYTES * index(ref) + EXTENTS + 8L * axis);
    }

    private void put(long offset, long value) {
        if (host.get(ValueLayout.JAVA_LONG, offset) != value) {
            host.set(ValueLayout.JAVA_LONG, offset, value);
            dirtyFrom = Math.min(dirtyFrom, offset);
            dirtyTo = Math.max(dirtyTo, offset + 8);
        }
    }

    private static boolean hasDenseRows(TensorDecl decl) {
        long step = 1;
        for (int axis = decl.rank() - 1; axis >= 1; axis--) {
            if (decl.strides().step(axis) != step) {
                return false;
            }
            step *= decl.capacity(axis);
        }
        return true;
    }
}
