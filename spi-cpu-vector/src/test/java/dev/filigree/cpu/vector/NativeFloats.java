package dev.filigree.cpu.vector;

import dev.filigree.cpu.vector.convert.Narrow;
import dev.filigree.cpu.vector.convert.Storage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Stored numbers for tests: filled one by one in Java, read back one by one in Java. */
public final class NativeFloats {
    private final MemorySegment segment;
    private final Storage storage;

    private NativeFloats(MemorySegment segment, Storage storage) {
        this.segment = segment;
        this.storage = storage;
    }

    /** Numbers that are NaN until written, so that a kernel that leaves one out is seen. */
    public static NativeFloats unset(Arena arena, Storage storage, long count) {
        NativeFloats floats = new NativeFloats(arena.allocate(Math.max(1, count * storage.bytes()), 64), storage);
        for (long i = 0; i < count; i++) {
            floats.set(i, Float.NaN);
        }
        return floats;
    }

    /** Normal numbers. */
    public static NativeFloats random(Arena arena, Storage storage, long count, long seed) {
        NativeFloats floats = unset(arena, storage, count);
        Random random = new Random(seed);
        for (long i = 0; i < count; i++) {
            floats.set(i, (float) random.nextGaussian());
        }
        return floats;
    }

    /** Where the numbers start. */
    public long address() {
        return segment.address();
    }

    /** One number. */
    public float get(long i) {
        return switch (storage) {
            case F32 -> segment.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            case F16 -> Float.float16ToFloat(segment.getAtIndex(ValueLayout.JAVA_SHORT, i));
            case BF16 -> Float.intBitsToFloat(segment.getAtIndex(ValueLayout.JAVA_SHORT, i) << 16);
        };
    }

    /** Rounds and stores one number. */
    public void set(long i, float value) {
        switch (storage) {
            case F32 -> segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
            case F16 -> segment.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(value));
            case BF16 -> segment.setAtIndex(ValueLayout.JAVA_SHORT, i, Narrow.toBrain(value));
        }
    }
}
