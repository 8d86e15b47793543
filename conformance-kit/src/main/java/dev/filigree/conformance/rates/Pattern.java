package dev.filigree.conformance.rates;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/**
 * Content of tensors that nobody reads: a stretch of random numbers, repeated. Tens of GiB of fresh ones would take longer than
 * what is timed; the stretch is no multiple of a row, so neighbouring rows differ. Floats are normal, since operands of zeros or of
 * tiny numbers draw less power and let a device run faster than it does at work.
 */
final class Pattern {
    private static final int BYTES = (1 << 20) + 4 * 67;

    private Pattern() {}

    /** Fills a buffer. */
    static void fill(ExecutionStream stream, DeviceBuffer buffer, DType dtype) {
        long size = buffer.sizeBytes();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stretch = arena.allocate(BYTES, 16);
            random(stretch, dtype);
            stream.write(stretch.asSlice(0, Math.min(BYTES, size)), buffer, 0);
            stream.synchronize();
        }
        for (long done = BYTES; done < size; done *= 2) {
            stream.copy(buffer, 0, buffer, done, Math.min(done, size - done));
        }
        stream.synchronize();
    }

    private static void random(MemorySegment stretch, DType dtype) {
        Random random = new Random(1);
        for (long at = 0; at < BYTES; at += 4) {
            stretch.set(ValueLayout.JAVA_INT, at, word(random, dtype));
        }
    }

    /** Four bytes of one or two numbers, or of codes and scales. */
    private static int word(Random random, DType dtype) {
        return switch (dtype) {
            case F32 -> Float.floatToRawIntBits((float) random.nextGaussian());
            case BF16 -> bf16(random) << 16 | bf16(random);
            case F16 -> f16(random) << 16 | f16(random);
            // Pages hold codes and, as f16, scales and zeros: every odd byte makes a number between 0.5 and 2.
            default -> random.nextInt() & 0x83ff_83ff | 0x3800_3800;
        };
    }

    private static int bf16(Random random) {
        return Float.floatToRawIntBits((float) random.nextGaussian()) >>> 16;
    }

    private static int f16(Random random) {
        return Float.floatToFloat16((float) random.nextGaussian()) & 0xffff;
    }
}
