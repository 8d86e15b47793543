package dev.filigree.cpu.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.op.Add;
import dev.filigree.api.op.Argmax;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.api.tensor.OutOfMemoryException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReferenceBackendTest {

    @Test
    void everyOpHasAKernel() {
        assertEquals(
                Set.of(Op.class.getPermittedSubclasses()),
                ReferenceKernels.all().ops());
    }

    @Test
    void theServiceLoaderFindsTheProvider() {
        BackendProvider provider = BackendSelector.installed().providers().stream()
                .filter(found -> found.name().equals("cpu-reference"))
                .findFirst()
                .orElseThrow();
        assertEquals(100, provider.priority());
        assertEquals(BackendProvider.SPI_VERSION, provider.spiVersion());
        Probe.Available probe = assertInstanceOf(Probe.Available.class, provider.probe());
        assertEquals(1, probe.devices().size());
    }

    @Test
    void theMemoryLimitIsAnOption() {
        BackendProvider provider = new ReferenceBackendProvider();
        try (var backend = provider.open(new BackendOptions(Map.of("memoryLimitMiB", "1")));
                BufferScope scope = backend.openScope()) {
            scope.allocate(1 << 20);
            OutOfMemoryException error = assertThrows(OutOfMemoryException.class, () -> scope.allocate(1));
            assertEquals("cannot allocate 1 bytes on host memory: 0 of 1048576 bytes are free", error.getMessage());
        }
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class,
                () -> provider.open(new BackendOptions(Map.of("threads", "2"))).close());
        assertEquals(
                "backend.threads is not an option of this backend; accepted are [memoryLimitMiB]", error.getMessage());
    }

    @Test
    void memoryReturnsToTheBaselineWhenScopesClose() {
        try (ReferenceBackend backend = new ReferenceBackend(1000)) {
            try (BufferScope outer = backend.openScope()) {
                outer.allocate(600);
                try (BufferScope inner = backend.openScope()) {
                    inner.allocate(300);
                    assertEquals(900, backend.memory().usedBytes());
                    assertThrows(OutOfMemoryException.class, () -> inner.allocate(101));
                    assertEquals(300, inner.allocatedBytes());
                    inner.allocate(100);
                    inner.upload(MemorySegment.ofArray(new byte[50]));
                    assertEquals(1000, backend.memory().usedBytes());
                }
                assertEquals(600, backend.memory().usedBytes());
            }
            assertEquals(0, backend.memory().usedBytes());
        }
    }

    @Test
    void aBufferDiesWithItsScope() {
        try (ReferenceBackend backend = new ReferenceBackend(1000)) {
            BufferScope scope = backend.openScope();
            DeviceBuffer buffer = scope.allocate(4);
            assertTrue(buffer.isAlive());
            scope.close();
            scope.close();
            assertFalse(buffer.isAlive());
            assertEquals(0, backend.memory().usedBytes());
            assertThrows(
                    IllegalStateException.class,
                    () -> buffer.hostSegment().orElseThrow().get(ValueLayout.JAVA_BYTE, 0));
        }
    }

    @Test
    void aPreparedPlanServesRunsOfDifferentExtents() {
        TensorRef x = TensorRef.of("x");
        PlanBuilder builder = new PlanBuilder("twice");
        builder.declare("x", TensorRole.INPUT, DType.F32, Dim.upTo("n", 4), Dim.fixed("width", 2));
        builder.temp("twice", DType.F32, Dim.upTo("n", 4), Dim.fixed("width", 2));
        builder.declare("tokens", TensorRole.OUTPUT, DType.I32, Dim.upTo("n", 4));
        builder.add(new Add(x, x, TensorRef.of("twice")))
                .add(new Argmax(TensorRef.of("twice"), TensorRef.of("tokens")));
        try (ReferenceBackend backend = new ReferenceBackend(1 << 20);
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream();
                PreparedPlan plan = backend.prepare(builder.build())) {
            assertEquals(256, plan.workspaceBytes());
            DeviceBuffer input = scope.allocate(32);
            DeviceBuffer tokens = scope.allocate(16);
            DeviceBuffer workspace = scope.allocate(plan.workspaceBytes());
            stream.write(MemorySegment.ofArray(new float[] {0, 1, 1, 0, 0, 1, 1, 0}), input, 0);
            RunBindings bindings = new RunBindings(plan.plan()).bind(x, input).bind(TensorRef.of("tokens"), tokens);
            for (int n : new int[] {4, 0, 1, 3}) {
                stream.fill(tokens, 0, 16, (byte) -1);
                plan.run(stream, bindings.axis("n", n), workspace);
                int[] got = new int[4];
                stream.read(tokens, 0, MemorySegment.ofArray(got));
                for (int i = 0; i < 4; i++) {
                    assertEquals(i < n ? 1 - i % 2 : -1, got[i]);
                }
            }
        }
    }
}
