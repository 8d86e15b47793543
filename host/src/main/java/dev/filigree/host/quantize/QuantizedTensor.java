package dev.filigree.host.quantize;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.PackedTensors;
import dev.filigree.host.checkpoint.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor to be stored.
 *
 * @param dtype as plans have it
 * @param shape as plans have it
 * @param bytes as they lie in a file
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once and compared never
public record QuantizedTensor(DType dtype, List<Long> shape, byte[] bytes) {

    /** Copies the shape. */
    public QuantizedTensor {
        shape = List.copyOf(shape);
    }

    /** Numbers, rounded to a float dtype. */
    public static QuantizedTensor of(DType dtype, float[] values, long... shape) {
        byte[] bytes = new byte[Math.toIntExact(dtype.bytes(values.length))];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        for (int i = 0; i < values.length; i++) {
            HostTensor.store(segment, 0, dtype, i, values[i]);
        }
        return new QuantizedTensor(dtype, boxed(shape), bytes);
    }

    /** Codes, one a byte, packed. */
    public static QuantizedTensor ofCodes(DType dtype, byte[] codes, long... shape) {
        byte[] bytes = new byte[Math.toIntExact(dtype.bytes(codes.length))];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        for (int i = 0; i < codes.length; i++) {
            HostTensor.storeInt(segment, 0, dtype, i, codes[i]);
        }
        return new QuantizedTensor(dtype, boxed(shape), bytes);
    }

    private static List<Long> boxed(long[] shape) {
        return java.util.Arrays.stream(shape).boxed().toList();
    }

    /** Every element as a number, codes without their scale. */
    public float[] values() {
        long count = shape.stream().reduce(1L, Math::multiplyExact);
        float[] values = new float[Math.toIntExact(count)];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        for (int i = 0; i < values.length; i++) {
            values[i] = HostTensor.load(segment, 0, dtype, i);
        }
        return values;
    }

    /** Its entry in a file. */
    public TensorSpec spec(String name) {
        return new TensorSpec(name, PackedTensors.storedType(dtype), PackedTensors.storedShape(dtype, shape));
    }
}
