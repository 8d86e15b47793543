package dev.filigree.api.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.Strides;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HostTensorTest {

    private static HostTensor tensor(DType dtype, byte[] bytes, long offset, long... shape) {
        Dim[] dims = new Dim[shape.length];
        for (int i = 0; i < shape.length; i++) {
            dims[i] = Dim.fixed("axis" + i, shape[i]);
        }
        HostTensor tensor = new HostTensor(TensorDecl.of("x", TensorRole.INPUT, dtype, dims));
        tensor.point(MemorySegment.ofArray(bytes), offset, axis -> 0);
        return tensor;
    }

    @Test
    void packedElementsLeaveTheirNeighbourAlone() {
        byte[] bytes = {0x5a, 0x5a, 0x5a};
        HostTensor codes = tensor(DType.I4, bytes, 1, 4);
        codes.setInt(0, -3);
        assertEquals((byte) 0x5d, bytes[1]);
        codes.setInt(1, 7);
        assertEquals((byte) 0x7d, bytes[1]);
        assertEquals(0x5a, bytes[0]);
        assertEquals(0x5a, bytes[2]);
        assertEquals(-3, codes.getInt(0));
        assertEquals(-3f, codes.get(0));
        assertEquals(7, codes.getInt(1));
    }

    @Test
    void integersReadAsValuesAndFloatsAsCodes() {
        byte[] bytes = {(byte) 0xf8};
        assertEquals(-8, tensor(DType.I8, bytes, 0, 1).getInt(0));
        assertEquals(248, tensor(DType.U8, bytes, 0, 1).getInt(0));
        assertEquals(8, tensor(DType.U4, bytes, 0, 2).getInt(0));
        assertEquals(-8, tensor(DType.I4, bytes, 0, 2).getInt(0));
        assertEquals(15, tensor(DType.E2M1, bytes, 0, 2).getInt(1));
        assertEquals(-6f, tensor(DType.E2M1, bytes, 0, 2).get(1));
        assertThrows(
                IllegalStateException.class,
                () -> tensor(DType.F32, new byte[4], 0, 1).getInt(0));
        assertThrows(
                IllegalStateException.class, () -> tensor(DType.I8, bytes, 0, 1).set(0, 1f));
    }

    @Test
    void stridesAreInElements() {
        TensorDecl view = new TensorDecl(
                TensorRef.of("x"),
                TensorRole.INPUT,
                DType.F32,
                List.of(Dim.upTo("n", 9), Dim.fixed("h", 2), Dim.fixed("d", 3)),
                Strides.of(20, 5, 1));
        HostTensor tensor = new HostTensor(view);
        tensor.point(MemorySegment.ofArray(new byte[0]), 0, axis -> 4);
        assertEquals(4, tensor.extent(0));
        assertEquals(20 * 3 + 5 + 2, tensor.at(3, 1, 2));
        assertEquals(6, tensor.rowElements());
    }

    @Test
    void fp64IsRoundedOnceToSixteenBits() {
        // just above the middle of two neighbours: rounding to fp32 first would land on the middle and go to even
        assertEquals(1 + 0x1p-7f, HostTensor.rounded(DType.BF16, 1 + 0x1p-8 + 0x1p-40));
        assertEquals(1f, HostTensor.rounded(DType.BF16, 1 + 0x1p-8 - 0x1p-40));
        assertEquals(1f, HostTensor.rounded(DType.BF16, 1 + 0x1p-8));
        assertEquals(-1 - 0x1p-10f, HostTensor.rounded(DType.F16, -1 - 0x1p-11 - 0x1p-40));
        assertEquals(Float.POSITIVE_INFINITY, HostTensor.rounded(DType.F16, 65520));
        assertEquals(65504f, HostTensor.rounded(DType.F16, 65520 - 0x1p-30));
        assertTrue(Float.isNaN(HostTensor.rounded(DType.BF16, Double.NaN)));
        assertEquals(-0f, HostTensor.rounded(DType.F16, -1e-300));
    }

    @Test
    void fp64RoundingIsTheNearestSixteenBitNumber() {
        Random random = new Random(5);
        for (int round = 0; round < 20_000; round++) {
            double value = random.nextGaussian() * Math.scalb(1, random.nextInt(-20, 12));
            assertNearest(value, HostTensor.rounded(DType.BF16, value), v -> {
                short code = Codes.floatToBf16(v);
                return new float[] {Codes.bf16ToFloat((short) (code - 1)), Codes.bf16ToFloat((short) (code + 1))};
            });
            assertNearest(value, HostTensor.rounded(DType.F16, value), v -> {
                short code = Float.floatToFloat16(v);
                return new float[] {Float.float16ToFloat((short) (code - 1)), Float.float16ToFloat((short) (code + 1))};
            });
        }
    }

    private static void assertNearest(
            double value, float rounded, java.util.function.Function<Float, float[]> neighbours) {
        BigDecimal error =
                new BigDecimal(value).subtract(new BigDecimal(rounded)).abs();
        for (float other : neighbours.apply(rounded)) {
            if (Float.isFinite(other)) {
                BigDecimal otherError =
                        new BigDecimal(value).subtract(new BigDecimal(other)).abs();
                assertTrue(error.compareTo(otherError) <= 0, value + " became " + rounded + ", nearer is " + other);
            }
        }
    }
}
