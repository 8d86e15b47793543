package dev.filigree.cpu.reference.testing;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Java arrays to stored bytes and back. */
final class Stored {
    private Stored() {}

    static byte[] floats(DType dtype, float... values) {
        byte[] bytes = new byte[(int) dtype.bytes(values.length)];
        for (int i = 0; i < values.length; i++) {
            HostTensor.store(MemorySegment.ofArray(bytes), 0, dtype, i, values[i]);
        }
        return bytes;
    }

    static byte[] codes(DType dtype, int... values) {
        byte[] bytes = new byte[(int) dtype.bytes(values.length)];
        for (int i = 0; i < values.length; i++) {
            HostTensor.storeInt(MemorySegment.ofArray(bytes), 0, dtype, i, values[i]);
        }
        return bytes;
    }

    static byte[] longs(long... values) {
        byte[] bytes = new byte[Long.BYTES * values.length];
        MemorySegment.copy(values, 0, MemorySegment.ofArray(bytes), ValueLayout.JAVA_LONG_UNALIGNED, 0, values.length);
        return bytes;
    }

    static float[] toFloats(DType dtype, byte[] bytes) {
        float[] values = new float[bytes.length * 8 / dtype.bits()];
        for (int i = 0; i < values.length; i++) {
            values[i] = HostTensor.load(MemorySegment.ofArray(bytes), 0, dtype, i);
        }
        return values;
    }

    static int[] toInts(DType dtype, byte[] bytes) {
        int[] values = new int[bytes.length * 8 / dtype.bits()];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (dtype) {
                case I32 -> segment.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i);
                case E4M3 -> bytes[i] & 0xff;
                case E2M1 -> bytes[i / 2] >> 4 * (i % 2) & 0xf;
                default -> (int) HostTensor.load(segment, 0, dtype, i);
            };
        }
        return values;
    }
}
