package dev.filigree.api.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.filigree.api.op.Add;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class RunBindingsTest {
    private static final TensorRef A = TensorRef.of("a");
    private static final TensorRef OUT = TensorRef.of("out");

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

    private static Plan plan() {
        PlanBuilder builder = new PlanBuilder("sum");
        builder.declare("a", TensorRole.INPUT, DType.F32, Dim.upTo("n", 8), Dim.fixed("w", 2));
        builder.temp("t", DType.F32, Dim.upTo("n", 6), Dim.fixed("w", 2));
        builder.declare("out", TensorRole.OUTPUT, DType.F32, Dim.upTo("n", 8), Dim.fixed("w", 2));
        return builder.add(new Add(A, A, TensorRef.of("t")))
                .add(new Add(TensorRef.of("t"), A, OUT))
                .build();
    }

    private static String message(Executable call) {
        return assertThrows(PlanException.class, call).getMessage();
    }

    @Test
    void axesStartAtTheSmallestCapacity() {
        RunBindings bindings = new RunBindings(plan());
        assertEquals(6, bindings.value("n"));
        assertEquals(0, bindings.axis("n", 0).value("n"));
        assertEquals("axis n of plan sum must be 0 to 6, not 7", message(() -> bindings.axis("n", 7)));
        assertEquals("axis n of plan sum must be 0 to 6, not -1", message(() -> bindings.axis("n", -1)));
        assertEquals("plan sum has no variable axis w, only [n]", message(() -> bindings.axis("w", 2)));
        assertEquals(0, bindings.value("n"));
    }

    @Test
    void buffersMustHoldTheCurrentExtent() {
        RunBindings bindings = new RunBindings(plan()).axis("n", 3);
        Bytes exact = new Bytes(24);
        assertSame(exact, bindings.bind(A, exact).buffer(A));
        bindings.bind(A, exact, 4);
        assertEquals(
                "tensor a [n<=8, w=2] f32 needs 24 bytes at byte 4 of a buffer of 24 bytes",
                message(() -> bindings.buffer(A)));
        assertSame(exact, bindings.axis("n", 2).buffer(A));
        assertEquals(4, bindings.offsetBytes(A));
        bindings.bind(A, exact, -8);
        assertEquals(
                "tensor a [n<=8, w=2] f32 needs 16 bytes at byte -8 of a buffer of 24 bytes",
                message(() -> bindings.buffer(A)));
    }

    @Test
    void onlyTensorsOfThePlanThatAreNotTemporaryCanBeBound() {
        RunBindings bindings = new RunBindings(plan());
        assertEquals("plan sum has no tensor t to bind", message(() -> bindings.bind(TensorRef.of("t"), new Bytes(1))));
        assertEquals(
                "plan sum has no tensor nope to bind",
                message(() -> bindings.bind(TensorRef.of("nope"), new Bytes(1))));
        assertEquals("tensor out [n<=8, w=2] f32 of plan sum is not bound", message(() -> bindings.buffer(OUT)));
    }
}
