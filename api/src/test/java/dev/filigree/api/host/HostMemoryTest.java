package dev.filigree.api.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.api.tensor.OutOfMemoryException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class HostMemoryTest {

    @Test
    void countsWhatScopesHold() {
        HostMemory memory = new HostMemory(1000);
        try (HostScope scope = new HostScope(memory)) {
            scope.allocate(400);
            scope.allocate(0);
            assertEquals(400, memory.usedBytes());
            assertEquals(400, scope.allocatedBytes());
        }
        assertEquals(0, memory.usedBytes());
    }

    @Test
    void aRefusedAllocationChangesNothing() {
        HostMemory memory = new HostMemory(1000);
        try (HostScope scope = new HostScope(memory)) {
            scope.allocate(400);
            OutOfMemoryException refused = assertThrows(OutOfMemoryException.class, () -> scope.allocate(601));
            assertEquals("cannot allocate 601 bytes on host memory: 600 of 1000 bytes are free", refused.getMessage());
            assertEquals(601, refused.requestedBytes());
            refused = assertThrows(OutOfMemoryException.class, () -> scope.allocate(Long.MAX_VALUE));
            assertEquals(
                    "cannot allocate 9223372036854775807 bytes on host memory: 600 of 1000 bytes are free",
                    refused.getMessage());
            assertThrows(IllegalArgumentException.class, () -> scope.allocate(-1));
            assertEquals(400, memory.usedBytes());
            scope.allocate(600);
        }
        assertEquals(0, memory.usedBytes());
    }

    @Test
    void whatTheSystemRefusesIsGivenBackToo() {
        HostMemory unlimited = new HostMemory(Long.MAX_VALUE);
        try (HostScope scope = new HostScope(unlimited)) {
            scope.allocate(64);
            assertThrows(OutOfMemoryException.class, () -> scope.allocate(1L << 60));
            assertThrows(OutOfMemoryException.class, () -> scope.allocate(Long.MAX_VALUE));
            assertEquals(64, unlimited.usedBytes());
        }
        assertEquals(0, unlimited.usedBytes());
    }

    @Test
    void aClosedScopeGivesNothingAndKeepsNothing() {
        HostMemory memory = new HostMemory(1000);
        HostScope scope = new HostScope(memory);
        DeviceBuffer buffer = scope.allocate(10);
        scope.close();
        scope.close();
        assertThrows(IllegalStateException.class, () -> scope.allocate(10));
        assertEquals(0, memory.usedBytes());
        assertFalse(buffer.isAlive());
    }

    @Test
    void buffersAreAlignedAndZero() {
        HostMemory memory = new HostMemory(10_000);
        try (HostScope scope = new HostScope(memory)) {
            for (long size : new long[] {1, 3, 1000}) {
                MemorySegment bytes = scope.allocate(size).hostSegment().orElseThrow();
                assertEquals(size, bytes.byteSize());
                assertEquals(0, bytes.address() % 256);
                for (long i = 0; i < size; i++) {
                    assertEquals(0, bytes.get(ValueLayout.JAVA_BYTE, i));
                }
            }
        }
    }
}
