package dev.filigree.api.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TensorShapesTest {

    private record Bytes(long sizeBytes) implements DeviceBuffer {
        @Override
        public boolean isAlive() {
            return true;
        }

        @Override
        public Optional<MemorySegment> hostSegment() {
            return Optional.empty();
        }
    }

    @Test
    void packedBytesRoundUp() {
        assertEquals(2, DType.I4.bytes(3));
        assertEquals(0, DType.E2M1.bytes(0));
        assertEquals(12, DType.F32.bytes(3));
        assertThrows(ArithmeticException.class, () -> DType.F32.bytes(Long.MAX_VALUE / 2));
    }

    @Test
    void spansCountFromTheFirstToTheLastElement() {
        assertEquals(24, TensorSpec.of(DType.F32, 2, 3).spanBytes());
        // 2 rows of 3 within rows of 5: elements 0 to 7
        TensorSpec view = new TensorSpec(DType.F32, Shape.of(2, 3), Strides.of(5, 1));
        assertEquals(32, view.spanBytes());
        assertFalse(view.isContiguous());
        assertEquals("[2, 3] f32 strides [5, 1]", view.toString());
        assertEquals(0, TensorSpec.of(DType.F32, 0, 3).spanBytes());
        assertEquals(4, TensorSpec.of(DType.F32).spanBytes());
        assertTrue(TensorSpec.of(DType.F32, 0, 3).isContiguous());
    }

    @Test
    void aViewMustLieInItsBuffer() {
        assertEquals(8, new TensorView(new Bytes(32), 8, TensorSpec.of(DType.F32, 6)).offsetBytes());
        assertEquals(
                "tensor [6] f32 at byte 12 ends at byte 36, outside its buffer of 32 bytes",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> new TensorView(new Bytes(32), 12, TensorSpec.of(DType.F32, 6)))
                        .getMessage());
        assertThrows(
                IllegalArgumentException.class, () -> new TensorView(new Bytes(32), -4, TensorSpec.of(DType.F32, 1)));
    }

    @Test
    void extentsAndStridesAreChecked() {
        assertEquals(
                "extents must be 0 or more, not [2, -1]",
                assertThrows(IllegalArgumentException.class, () -> Shape.of(2, -1))
                        .getMessage());
        assertEquals(
                "strides [1] must have as many axes as shape [2, 3]",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> new TensorSpec(DType.F32, Shape.of(2, 3), Strides.of(1)))
                        .getMessage());
        assertThrows(
                ArithmeticException.class, () -> Shape.of(1L << 40, 1L << 40).numElements());
    }
}
