package dev.filigree.vulkan;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.vulkan.device.Allocation;
import dev.filigree.vulkan.device.Commands;
import dev.filigree.vulkan.device.Device;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Copies through a staging buffer. Everything goes to one queue, where it runs in the order of submission. */
final class VulkanStream implements ExecutionStream {
    private static final long LARGEST_STAGING = 32 << 20;
    private static final long SMALLEST_STAGING = 64 << 10;

    private final Device device;
    private final Commands commands;
    private @Nullable Allocation staging;
    private @Nullable Commands lastRun;

    VulkanStream(Device device) {
        this.device = device;
        this.commands = new Commands(device);
    }

    /** Remembers what a synchronize has to wait for. */
    void submitted(Commands run) {
        lastRun = run;
    }

    @Override
    public void write(MemorySegment source, DeviceBuffer target, long targetOffsetBytes) {
        VulkanBuffer to = VulkanBuffer.of(target);
        long at = to.range(targetOffsetBytes, source.byteSize());
        for (long done = 0; done < source.byteSize(); done += LARGEST_STAGING) {
            long size = Math.min(LARGEST_STAGING, source.byteSize() - done);
            commands.await();
            Allocation stage = staging(size);
            MemorySegment.copy(source, done, MemorySegment.ofBuffer(stage.bytes()), 0, size);
            commands.begin()
                    .copy(stage, 0, to.allocation(), at + done, size)
                    .end()
                    .submit();
        }
    }

    @Override
    public void read(DeviceBuffer source, long sourceOffsetBytes, MemorySegment target) {
        VulkanBuffer from = VulkanBuffer.of(source);
        long at = from.range(sourceOffsetBytes, target.byteSize());
        for (long done = 0; done < target.byteSize(); done += LARGEST_STAGING) {
            long size = Math.min(LARGEST_STAGING, target.byteSize() - done);
            commands.await();
            Allocation stage = staging(size);
            commands.begin()
                    .copy(from.allocation(), at + done, stage, 0, size)
                    .end()
                    .submit();
            commands.await();
            MemorySegment.copy(MemorySegment.ofBuffer(stage.bytes()), 0, target, done, size);
        }
    }

    @Override
    public void copy(
            DeviceBuffer source, long sourceOffsetBytes, DeviceBuffer target, long targetOffsetBytes, long sizeBytes) {
        VulkanBuffer from = VulkanBuffer.of(source);
        VulkanBuffer to = VulkanBuffer.of(target);
        long start = from.range(sourceOffsetBytes, sizeBytes);
        long end = to.range(targetOffsetBytes, sizeBytes);
        if (sizeBytes > 0) {
            commands.begin()
                    .copy(from.allocation(), start, to.allocation(), end, sizeBytes)
                    .end()
                    .submit();
        }
    }

    @Override
    public void fill(DeviceBuffer target, long offsetBytes, long sizeBytes, byte value) {
        VulkanBuffer to = VulkanBuffer.of(target);
        long start = to.range(offsetBytes, sizeBytes);
        long end = start + sizeBytes;
        long first = Math.min(end, (start + 3) / 4 * 4);
        long last = Math.max(first, end / 4 * 4);
        edge(target, start - to.offset(), first - start, value);
        if (last > first) {
            commands.begin()
                    .fill(to.allocation(), first, last - first, (value & 0xff) * 0x01010101)
                    .end()
                    .submit();
        }
        edge(target, last - to.offset(), end - last, value);
    }

    /** Up to three bytes that a fill of whole words cannot reach. */
    private void edge(DeviceBuffer target, long offset, long size, byte value) {
        if (size > 0) {
            byte[] bytes = new byte[(int) size];
            java.util.Arrays.fill(bytes, value);
            write(MemorySegment.ofArray(bytes), target, offset);
        }
    }

    private Allocation staging(long size) {
        Allocation now = staging;
        if (now == null || now.sizeBytes() < size) {
            if (now != null) {
                now.close();
            }
            now = Allocation.shared(device, Math.max(SMALLEST_STAGING, size));
            staging = now;
        }
        return now;
    }

    @Override
    public void synchronize() {
        commands.await();
        Commands run = lastRun;
        if (run != null) {
            run.await();
        }
    }

    @Override
    public void close() {
        commands.close();
        if (staging != null) {
            staging.close();
            staging = null;
        }
    }
}
