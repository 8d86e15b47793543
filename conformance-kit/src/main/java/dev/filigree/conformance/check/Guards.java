package dev.filigree.conformance.check;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.conformance.rule.Rule;
import dev.filigree.conformance.rule.RuleBroken;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The bytes around a buffer that nobody may write. */
final class Guards {
    /** Size of each guard; a multiple of the alignment that scopes promise. */
    static final long BYTES = 256;

    private static final byte PATTERN = (byte) 0xc3;

    private Guards() {}

    static void lay(ExecutionStream stream, DeviceBuffer buffer, long offsetBytes) {
        stream.fill(buffer, offsetBytes, BYTES, PATTERN);
    }

    static void verify(ExecutionStream stream, DeviceBuffer buffer, long offsetBytes, Rule rule, String place) {
        byte[] found = read(stream, buffer, offsetBytes, BYTES);
        for (int i = 0; i < found.length; i++) {
            if (found[i] != PATTERN) {
                throw new RuleBroken(rule, "byte " + i + " " + place + " was written");
            }
        }
    }

    static byte[] read(ExecutionStream stream, DeviceBuffer buffer, long offsetBytes, long sizeBytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(Math.max(1, sizeBytes), 16).asSlice(0, sizeBytes);
            stream.read(buffer, offsetBytes, bytes);
            return bytes.toArray(ValueLayout.JAVA_BYTE);
        }
    }
}
