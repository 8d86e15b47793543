package dev.filigree.conformance.cases.backend;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.backend.Reason;
import dev.filigree.api.backend.UnsupportedPlanException;
import dev.filigree.api.op.Add;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.rule.Rule;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Providers, streams, preparation and refusals. */
public final class ContractCases {
    private static final int SIZE = 40;

    private ContractCases() {}

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("Backend");
        cases.check(Rule.R1101, Tier.SMOKE, Params.of(), ContractCases::probes);
        cases.check(Rule.R1102, Tier.SMOKE, Params.of(), ContractCases::supportAndPrepare);
        cases.check(Rule.R1103, Tier.SMOKE, Params.of(), ContractCases::missingBindings);
        cases.check(Rule.R1104, Tier.SMOKE, Params.of(), ContractCases::streamOrder);
        cases.check(Rule.R1105, Tier.SMOKE, Params.of(), ContractCases::unknownOption);
        cases.check(Rule.R1106, Tier.SMOKE, Params.of(), ContractCases::kernelIds);
        cases.check(Rule.R1107, Tier.CORE, Params.of(), Concurrency::threads);
        cases.check(Rule.R1108, Tier.SMOKE, Params.of(), ContractCases::closingTwice);
        return cases.cases();
    }

    /** {@code out = (a + b) + c} with a temporary between the steps; values are those of a, b and c. */
    static Problem sumOfThree(float[] values) {
        ProblemBuilder builder = new ProblemBuilder("sum of three");
        Dim one = Dim.fixed("numTokens", 1);
        Dim width = Dim.fixed("width", SIZE);
        TensorRef a = builder.input("a", DType.F32, Arrays.copyOfRange(values, 0, SIZE), one, width);
        TensorRef b = builder.input("b", DType.F32, Arrays.copyOfRange(values, SIZE, 2 * SIZE), one, width);
        TensorRef third = builder.input("c", DType.F32, Arrays.copyOfRange(values, 2 * SIZE, 3 * SIZE), one, width);
        TensorRef sum = builder.temp("sum", DType.F32, one, width);
        return builder.add(new Add(a, b, sum))
                .add(new Add(sum, third, builder.output("out", DType.F32, one, width)))
                .build();
    }

    private static void probes(CaseContext c) {
        BackendProvider provider = c.provider();
        c.check(!provider.name().isBlank(), () -> "the provider has no name");
        c.check(
                provider.spiVersion() == BackendProvider.SPI_VERSION,
                () -> "the provider is of SPI version " + provider.spiVersion() + ", the kit of "
                        + BackendProvider.SPI_VERSION);
        for (int i = 0; i < 3; i++) {
            boolean available = provider.probe() instanceof Probe.Available(var devices) && !devices.isEmpty();
            c.check(available, () -> "an open backend must probe as available with a device, not " + provider.probe());
        }
        c.check(
                provider.name().equals(c.backend().name()),
                () -> "provider " + provider.name() + " made backend "
                        + c.backend().name());
    }

    // One plan of every op and dtype: what support says is what prepare does.
    private static void supportAndPrepare(CaseContext c) {
        Map<String, Problem> problems = new LinkedHashMap<>();
        for (ConformanceCase one : Catalog.all()) {
            String key = one.op() + one.params().values().get("dtype");
            if (!problems.containsKey(key)) {
                one.problem().ifPresent(problem -> problems.put(key, problem));
            }
        }
        problems.forEach((key, problem) -> {
            List<Reason> reasons = c.backend().refusals(problem.plan());
            try (PreparedPlan prepared = c.backend().prepare(problem.plan())) {
                c.check(reasons.isEmpty(), () -> key + " was prepared in spite of " + reasons);
                c.check(prepared.plan().equals(problem.plan()), () -> key + " was prepared as another plan");
            } catch (UnsupportedPlanException e) {
                c.check(!reasons.isEmpty(), () -> key + " is supported, yet preparing says " + e.getMessage());
                c.check(
                        e.reasons().containsAll(reasons),
                        () -> key + " is refused for " + reasons + ", yet preparing says " + e.reasons());
            }
        });
    }

    private static void missingBindings(CaseContext c) {
        Problem problem = sumOfThree(c.generator().normals(3 * SIZE));
        c.requireSupport(problem);
        try (Backend backend = MemoryCases.open(c);
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream();
                PreparedPlan prepared = backend.prepare(problem.plan())) {
            DeviceBuffer workspace = scope.allocate(prepared.workspaceBytes());
            RunBindings bindings = new RunBindings(problem.plan());
            MemoryCases.expect(
                    c,
                    PlanException.class,
                    "a run with nothing bound",
                    () -> prepared.run(stream, bindings, workspace));
            DeviceBuffer out = scope.allocate(SIZE * 4);
            bindings.bind(TensorRef.of("a"), scope.allocate(SIZE * 4))
                    .bind(TensorRef.of("b"), scope.allocate(SIZE * 4))
                    .bind(TensorRef.of("c"), scope.allocate(SIZE * 4 - 1))
                    .bind(TensorRef.of("out"), out);
            stream.fill(out, 0, SIZE * 4, (byte) 9);
            MemoryCases.expect(
                    c,
                    PlanException.class,
                    "a run with a buffer one byte short",
                    () -> prepared.run(stream, bindings, workspace));
            stream.synchronize();
            requireFilled(c, stream, out, (byte) 9);
        }
    }

    private static void requireFilled(CaseContext c, ExecutionStream stream, DeviceBuffer buffer, byte value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(buffer.sizeBytes(), 16);
            stream.read(buffer, 0, bytes);
            for (long i = 0; i < bytes.byteSize(); i++) {
                long at = i;
                c.check(
                        bytes.get(ValueLayout.JAVA_BYTE, i) == value,
                        () -> "a refused run wrote byte " + at + " of its output");
            }
        }
    }

    // Writes, runs, copies and fills go in without a wait; each must see what came before it and nothing after.
    private static void streamOrder(CaseContext c) {
        Problem problem = sumOfThree(c.generator().normals(3 * SIZE));
        c.requireSupport(problem);
        try (Backend backend = MemoryCases.open(c);
                BufferScope scope = backend.openScope();
                ExecutionStream stream = backend.openStream();
                PreparedPlan prepared = backend.prepare(problem.plan());
                Arena arena = Arena.ofConfined()) {
            DeviceBuffer workspace = scope.allocate(prepared.workspaceBytes());
            RunBindings bindings = new RunBindings(problem.plan());
            DeviceBuffer[] abc = new DeviceBuffer[3];
            for (int i = 0; i < 3; i++) {
                abc[i] = scope.allocate(SIZE * 4);
                bindings.bind(TensorRef.of("abc".substring(i, i + 1)), abc[i]);
            }
            DeviceBuffer out = scope.allocate(SIZE * 4);
            bindings.bind(TensorRef.of("out"), out);
            DeviceBuffer kept = scope.allocate(20 * SIZE * 4);
            MemorySegment ones = arena.allocate(SIZE * 4, 16);
            for (int round = 0; round < 20; round++) {
                for (int i = 0; i < SIZE; i++) {
                    ones.setAtIndex(ValueLayout.JAVA_FLOAT, i, round + i);
                }
                stream.write(ones, abc[0], 0);
                stream.fill(abc[1], 0, SIZE * 4, (byte) 0);
                stream.fill(abc[2], 0, SIZE * 4, (byte) 0);
                prepared.run(stream, bindings, workspace);
                stream.copy(out, 0, kept, (long) round * SIZE * 4, SIZE * 4);
            }
            MemorySegment found = arena.allocate(kept.sizeBytes(), 16);
            stream.read(kept, 0, found);
            for (int i = 0; i < 20 * SIZE; i++) {
                c.close("element " + i, i / SIZE + i % SIZE, found.getAtIndex(ValueLayout.JAVA_FLOAT, i), 0);
            }
        }
    }

    private static void unknownOption(CaseContext c) {
        BackendOptions options = new BackendOptions(Map.of("noSuchOption", "1"));
        MemoryCases.expect(
                c,
                IllegalArgumentException.class,
                "option noSuchOption",
                () -> c.provider().open(options).close());
        try {
            c.provider().open(options).close();
        } catch (IllegalArgumentException e) {
            c.check(
                    String.valueOf(e.getMessage()).contains("noSuchOption"),
                    () -> "the refusal of option noSuchOption does not name it: " + e.getMessage());
        }
    }

    private static void kernelIds(CaseContext c) {
        PlanCases.oneOfEachOp(c).forEach((op, problem) -> {
            try (PreparedPlan prepared = c.backend().prepare(problem.plan())) {
                List<String> ids = prepared.kernelIds();
                c.check(!ids.isEmpty(), () -> op + " runs without a kernel id");
                ids.forEach(id -> c.check(!id.isBlank(), () -> op + " has a blank kernel id"));
                c.check(ids.equals(prepared.kernelIds()), () -> op + " changes its kernel ids");
            }
        });
    }

    private static void closingTwice(CaseContext c) {
        Problem problem = sumOfThree(c.generator().normals(3 * SIZE));
        c.requireSupport(problem);
        try (Backend backend = MemoryCases.open(c)) {
            PreparedPlan prepared = backend.prepare(problem.plan());
            prepared.close();
            prepared.close();
            BufferScope scope = backend.openScope();
            scope.close();
            scope.close();
        }
    }
}
