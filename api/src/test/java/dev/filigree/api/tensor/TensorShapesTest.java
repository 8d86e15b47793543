package dev.filigree.api.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class TensorShapesTest {

    @Test
    void packedBytesRoundUp() {
        assertEquals(2, DType.I4.bytes(3));
        assertEquals(0, DType.E2M1.bytes(0));
        assertEquals(12, DType.F32.bytes(3));
        assertThrows(ArithmeticException.class, () -> DType.F32.bytes(Long.MAX_VALUE / 2));
    }

    @Test
    void stridesAreNotNegative() {
        assertEquals("[5, 1]", Strides.of(5, 1).toString());
        assertEquals(
                "strides must be 0 or more, not [2, -1]",
                assertThrows(IllegalArgumentException.class, () -> Strides.of(2, -1))
                        .getMessage());
    }
}
