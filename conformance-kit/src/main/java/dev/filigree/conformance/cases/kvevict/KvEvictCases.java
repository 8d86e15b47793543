package dev.filigree.conformance.cases.kvevict;

import dev.filigree.api.op.KvEvict;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.problem.Layout;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/** Pages out of the pool and back. */
public final class KvEvictCases {
    private static final int NUM_PAGES = 11;

    private KvEvictCases() {}

    private static Problem problem(KvEvict.Direction direction, int pageBytes, byte[] pool, int[] ids, byte[] staged) {
        ProblemBuilder builder = new ProblemBuilder("evict");
        boolean outwards = direction == KvEvict.Direction.OUT;
        Dim moved = builder.axis("numMoved", ids.length);
        Dim width = Dim.fixed("pageBytes", pageBytes);
        TensorRef pages = builder.declare(
                "pages",
                outwards ? TensorRole.INPUT : TensorRole.STATE,
                DType.U8,
                Layout.CONTIGUOUS,
                Dim.fixed("numPages", NUM_PAGES),
                width);
        builder.data(pages).bytes().copyFrom(MemorySegment.ofArray(pool));
        TensorRef staging = builder.declare(
                "staging", outwards ? TensorRole.OUTPUT : TensorRole.INPUT, DType.U8, Layout.CONTIGUOUS, moved, width);
        if (!outwards) {
            builder.data(staging).bytes().copyFrom(MemorySegment.ofArray(staged));
        }
        return builder.add(new KvEvict(direction, pages, builder.ints("pageIds", ids, moved), staging))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("KvEvict");
        for (int pageBytes : new int[] {16, 48, 4096}) {
            for (int moved : new int[] {0, 1, 5, NUM_PAGES}) {
                Params params = Params.of("pageBytes", pageBytes, "moved", moved);
                cases.check(
                        moved == 0 ? Rule.R101 : Rule.R711, Tier.SMOKE, params, c -> roundTrip(c, pageBytes, moved));
            }
        }
        cases.compare(
                Rule.R711,
                Tier.CORE,
                Params.of("direction", "out"),
                g -> problem(KvEvict.Direction.OUT, 64, g.bytes(NUM_PAGES * 64), new int[] {3, 10, 0}, new byte[0]));
        return cases.cases();
    }

    private static void roundTrip(CaseContext c, int pageBytes, int moved) {
        byte[] pool = c.generator().bytes(NUM_PAGES * pageBytes);
        int[] ids = Arrays.copyOf(c.generator().permutation(NUM_PAGES), moved);
        TensorData staged = c.run(problem(KvEvict.Direction.OUT, pageBytes, pool, ids, new byte[0]))
                .get("staging");
        byte[] out = staged.bytes().toArray(ValueLayout.JAVA_BYTE);
        byte[] target = c.generator().bytes(pool.length);
        byte[] expected = target.clone();
        for (int i = 0; i < moved; i++) {
            for (int b = 0; b < pageBytes; b++) {
                int at = i * pageBytes + b;
                byte wanted = pool[ids[i] * pageBytes + b];
                c.check(out[at] == wanted, () -> "staging byte " + at + " is " + out[at] + ", not " + wanted);
                expected[ids[i] * pageBytes + b] = wanted;
            }
        }
        TensorData restored = c.run(problem(KvEvict.Direction.BACK, pageBytes, target, ids, out))
                .get("pages");
        c.same("pool after restoring", restored.over(MemorySegment.ofArray(expected)), restored);
    }
}
