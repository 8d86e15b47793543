package dev.filigree.vulkan;

import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.vulkan.device.Allocation;
import dev.filigree.vulkan.device.Commands;
import dev.filigree.vulkan.device.Device;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Buffers in arenas that double in size, so that many small ones cost few allocations; large ones get their own. */
final class VulkanScope implements BufferScope {
    private static final long FIRST_ARENA = 1 << 20;
    private static final long LARGEST_ARENA = 64 << 20;

    private final Device device;
    private final List<Allocation> arenas = new ArrayList<>();
    private long arenaBytes = FIRST_ARENA;
    private long used;
    private long allocated;
    private volatile boolean open = true;

    VulkanScope(Device device) {
        this.device = device;
    }

    @Override
    public synchronized DeviceBuffer allocate(long sizeBytes) {
        if (sizeBytes < 0) {
            throw new IllegalArgumentException("buffer size must be 0 or more, not " + sizeBytes);
        }
        if (!open) {
            throw new IllegalStateException("the scope is closed");
        }
        long size = (Math.max(1, sizeBytes) + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
        VulkanBuffer buffer;
        if (size > arenaBytes / 2) {
            Allocation own = zeroed(size);
            arenas.addFirst(own);
            buffer = new VulkanBuffer(own, 0, sizeBytes, () -> open);
            if (arenas.size() == 1) {
                used = own.sizeBytes(); // the last arena is the one that is filled
            }
        } else {
            if (arenas.isEmpty() || used + size > arenas.getLast().sizeBytes()) {
                arenas.addLast(zeroed(arenaBytes));
                used = 0;
                arenaBytes = Math.min(LARGEST_ARENA, 2 * arenaBytes);
            }
            buffer = new VulkanBuffer(arenas.getLast(), used, sizeBytes, () -> open);
            used += size;
        }
        allocated += sizeBytes;
        return buffer;
    }

    private Allocation zeroed(long size) {
        Allocation made = Allocation.local(device, size);
        try (Commands commands = new Commands(device)) {
            commands.begin().fill(made, 0, made.sizeBytes(), 0).end().submit();
        } catch (RuntimeException e) {
            made.close();
            throw e;
        }
        return made;
    }

    @Override
    public DeviceBuffer upload(MemorySegment data) {
        DeviceBuffer buffer = allocate(data.byteSize());
        try (VulkanStream stream = new VulkanStream(device)) {
            stream.write(data, buffer, 0);
            stream.synchronize();
        }
        return buffer;
    }

    @Override
    public synchronized long allocatedBytes() {
        return allocated;
    }

    @Override
    public synchronized void close() {
        if (open) {
            open = false;
            arenas.forEach(Allocation::close);
            arenas.clear();
            allocated = 0;
        }
    }
}
