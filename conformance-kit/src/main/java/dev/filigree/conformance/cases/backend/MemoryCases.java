package dev.filigree.conformance.cases.backend;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.api.tensor.OutOfMemoryException;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.cases.UnsupportedCase;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.rule.Rule;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;

/** Buffers, scopes and workspaces. Each case opens a backend of its own, without the checking wrapper. */
public final class MemoryCases {
    private static final long IMPOSSIBLE_BYTES = 1L << 56;

    private MemoryCases() {}

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("Memory");
        cases.check(Rule.R1001, Tier.SMOKE, Params.of(), MemoryCases::scopesFree);
        cases.check(Rule.R1002, Tier.SMOKE, Params.of(), MemoryCases::zeroedAndAligned);
        cases.check(Rule.R1003, Tier.SMOKE, Params.of(), MemoryCases::deadBuffers);
        cases.check(Rule.R1004, Tier.SMOKE, Params.of(), MemoryCases::exactWorkspace);
        cases.check(Rule.R1005, Tier.SMOKE, Params.of(), MemoryCases::failedAllocation);
        cases.check(Rule.R1006, Tier.FULL, Params.of(), LargeOffsets::beyondTwoGigabytes);
        cases.check(Rule.R1007, Tier.CORE, Params.of(), RunAllocations::none);
        cases.check(Rule.R1008, Tier.SMOKE, Params.of(), MemoryCases::uploads);
        return cases.cases();
    }

    static Backend open(CaseContext c) {
        return c.provider().open(BackendOptions.NONE);
    }

    private static void scopesFree(CaseContext c) {
        try (Backend backend = open(c)) {
            BufferScope scope = backend.openScope();
            c.check(scope.allocatedBytes() == 0, () -> "a new scope holds " + scope.allocatedBytes() + " bytes");
            DeviceBuffer buffer = scope.allocate(1000);
            scope.allocate(24);
            c.check(
                    scope.allocatedBytes() >= 1024,
                    () -> "1024 bytes were allocated, the scope says " + scope.allocatedBytes());
            scope.close();
            scope.close();
            c.check(!buffer.isAlive(), () -> "a buffer outlived its scope");
            try (BufferScope other = backend.openScope()) {
                c.check(other.allocate(16).isAlive(), () -> "a scope opened after another closed must work");
            }
        }
    }

    private static void zeroedAndAligned(CaseContext c) {
        try (Backend backend = open(c);
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream();
                Arena arena = Arena.ofConfined()) {
            for (long size : new long[] {0, 1, 255, 256, 257, 65537}) {
                DeviceBuffer buffer = scope.allocate(size);
                c.check(buffer.sizeBytes() == size, () -> "a buffer of " + size + " bytes has " + buffer.sizeBytes());
                buffer.hostSegment()
                        .ifPresent(segment -> c.check(
                                segment.address() % BufferScope.ALIGNMENT_BYTES == 0,
                                () -> "a buffer starts at " + segment.address() + ", which 256 does not divide"));
                MemorySegment bytes = arena.allocate(Math.max(1, size)).asSlice(0, size);
                bytes.fill((byte) 1);
                stream.read(buffer, 0, bytes);
                for (byte value : bytes.toArray(ValueLayout.JAVA_BYTE)) {
                    c.check(value == 0, () -> "a new buffer of " + size + " bytes is not zero");
                }
                stream.fill(buffer, 0, size, (byte) 7);
                stream.synchronize();
            }
        }
    }

    private static void deadBuffers(CaseContext c) {
        try (Backend backend = open(c);
                ExecutionStream stream = backend.openStream();
                Arena arena = Arena.ofConfined()) {
            BufferScope scope = backend.openScope();
            DeviceBuffer buffer = scope.allocate(64);
            c.check(buffer.isAlive(), () -> "a buffer of an open scope says that it is dead");
            scope.close();
            MemorySegment bytes = arena.allocate(64);
            expect(
                    c,
                    IllegalStateException.class,
                    "reading a buffer of a closed scope",
                    () -> stream.read(buffer, 0, bytes));
            expect(
                    c,
                    IllegalStateException.class,
                    "writing a buffer of a closed scope",
                    () -> stream.write(bytes, buffer, 0));
        }
    }

    private static void exactWorkspace(CaseContext c) {
        for (Map.Entry<String, Problem> entry : PlanCases.oneOfEachOp(c).entrySet()) {
            try (PreparedPlan prepared = c.backend().prepare(entry.getValue().plan())) {
                long bytes = prepared.workspaceBytes();
                c.check(bytes >= 0, () -> entry.getKey() + " asks for a workspace of " + bytes + " bytes");
                c.check(
                        bytes == prepared.workspaceBytes(),
                        () -> entry.getKey() + " changes its mind about its workspace");
            }
        }
        // A plan with a temporary needs a workspace; one byte less must be refused before anything runs.
        Problem problem = ContractCases.sumOfThree(c.generator().normals(3 * 40));
        c.requireSupport(problem);
        try (PreparedPlan prepared = c.backend().prepare(problem.plan());
                BufferScope scope = c.backend().openScope();
                ExecutionStream stream = c.backend().openStream()) {
            c.check(prepared.workspaceBytes() > 0, () -> "a plan with a temporary says it needs no workspace");
            RunBindings bindings = new RunBindings(problem.plan());
            for (TensorRef ref : problem.data().keySet()) {
                bindings.bind(ref, scope.allocate(problem.data(ref).bytes().byteSize()));
            }
            DeviceBuffer small = scope.allocate(prepared.workspaceBytes() - 1);
            expect(c, PlanException.class, "a workspace one byte short", () -> prepared.run(stream, bindings, small));
            prepared.run(stream, bindings, scope.allocate(prepared.workspaceBytes()));
            stream.synchronize();
        }
    }

    private static void failedAllocation(CaseContext c) {
        try (Backend backend = open(c);
                BufferScope scope = backend.openScope()) {
            scope.allocate(512);
            long before = scope.allocatedBytes();
            expect(c, OutOfMemoryException.class, "2^56 bytes", () -> scope.allocate(IMPOSSIBLE_BYTES));
            c.check(
                    scope.allocatedBytes() == before,
                    () -> "a failed allocation left " + scope.allocatedBytes() + " bytes instead of " + before);
            c.check(scope.allocate(512).isAlive(), () -> "allocating after a failure must work");
        }
    }

    private static void uploads(CaseContext c) {
        try (Backend backend = open(c);
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream();
                Arena arena = Arena.ofShared()) {
            byte[] content = c.generator().bytes(3001);
            MemorySegment data = arena.allocate(3001);
            data.copyFrom(MemorySegment.ofArray(content));
            DeviceBuffer buffer = scope.upload(data);
            c.check(buffer.sizeBytes() == 3001, () -> "3001 bytes were uploaded, the buffer has " + buffer.sizeBytes());
            MemorySegment back = arena.allocate(3000);
            stream.read(buffer, 1, back);
            c.check(
                    MemorySegment.mismatch(back, 0, 3000, MemorySegment.ofArray(content), 1, 3001) < 0,
                    () -> "uploaded bytes read back differently");
        }
    }

    /** Asks for an exception of a type. */
    static void expect(CaseContext c, Class<? extends RuntimeException> type, String what, Runnable action) {
        try {
            action.run();
        } catch (RuntimeException e) {
            c.check(type.isInstance(e), () -> what + " must throw " + type.getSimpleName() + ", not " + e);
            c.check(
                    e.getMessage() != null && !e.getMessage().isBlank(),
                    () -> what + " was refused without saying why");
            return;
        }
        throw c.broken(what + " must throw " + type.getSimpleName());
    }

    /** Ends the case where memory does not suffice to decide it. */
    static UnsupportedCase tooSmall(OutOfMemoryException e) {
        return new UnsupportedCase("MEMORY: " + e.getMessage());
    }
}
