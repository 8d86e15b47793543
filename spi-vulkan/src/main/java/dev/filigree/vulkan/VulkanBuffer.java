package dev.filigree.vulkan;

import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.vulkan.device.Allocation;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A part of an allocation, alive as long as its scope. */
record VulkanBuffer(Allocation allocation, long offset, long sizeBytes, BooleanSupplier alive) implements DeviceBuffer {

    /** The buffer of this backend behind a handle, checked to be alive. */
    static VulkanBuffer of(DeviceBuffer buffer) {
        if (!(buffer instanceof VulkanBuffer own)) {
            throw new IllegalArgumentException("buffer belongs to another backend: not in memory of a Vulkan device");
        }
        if (!own.isAlive()) {
            throw new IllegalStateException("buffer of " + own.sizeBytes + " bytes is used after its scope was closed");
        }
        return own;
    }

    /** Checks a range; returns its start within the allocation. */
    long range(long at, long size) {
        if (at < 0 || size < 0 || at > sizeBytes - size) {
            throw new IndexOutOfBoundsException(
                    size + " bytes at byte " + at + " do not fit a buffer of " + sizeBytes + " bytes");
        }
        return offset + at;
    }

    long address() {
        return allocation.address() + offset;
    }

    @Override
    public boolean isAlive() {
        return alive.getAsBoolean();
    }

    @Override
    public Optional<MemorySegment> hostSegment() {
        return Optional.empty();
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
