package dev.filigree.conformance.cases.kvcopy;

import dev.filigree.api.op.KvCopy;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.CaseList;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.cases.Params;
import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.conformance.problem.ProblemBuilder;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** Copies of whole pages. */
public final class KvCopyCases {
    private static final int NUM_PAGES = 13;

    private KvCopyCases() {}

    private static Problem problem(int pageBytes, byte[] pool, int[] sources, int[] targets) {
        ProblemBuilder builder = new ProblemBuilder("copy");
        Dim copies = builder.axis("numCopies", sources.length);
        TensorRef pages =
                builder.state("pages", DType.U8, Dim.fixed("numPages", NUM_PAGES), Dim.fixed("pageBytes", pageBytes));
        builder.data(pages).bytes().copyFrom(MemorySegment.ofArray(pool));
        return builder.add(new KvCopy(
                        pages, builder.ints("sources", sources, copies), builder.ints("targets", targets, copies)))
                .build();
    }

    /** The cases. */
    public static List<ConformanceCase> cases() {
        CaseList cases = new CaseList("KvCopy");
        for (int pageBytes : new int[] {16, 80, 4096}) {
            for (int copies : new int[] {0, 1, 6}) {
                Params params = Params.of("pageBytes", pageBytes, "copies", copies);
                Rule rule = copies == 0 ? Rule.R101 : Rule.R712;
                cases.check(rule, Tier.SMOKE, params, c -> copies(c, pageBytes, copies));
            }
        }
        cases.compare(
                Rule.R712,
                Tier.CORE,
                Params.of(),
                g -> problem(32, g.bytes(NUM_PAGES * 32), new int[] {4, 4, 0}, new int[] {1, 12, 7}));
        return cases.cases();
    }

    private static void copies(CaseContext c, int pageBytes, int copies) {
        byte[] pool = c.generator().bytes(NUM_PAGES * pageBytes);
        int[] order = c.generator().permutation(NUM_PAGES);
        int[] sources = Arrays.copyOf(order, copies);
        int[] targets = Arrays.copyOfRange(order, copies, 2 * copies);
        if (copies > 1) {
            // One page may be copied to several places.
            sources[1] = sources[0];
        }
        byte[] expected = pool.clone();
        for (int i = 0; i < copies; i++) {
            System.arraycopy(pool, sources[i] * pageBytes, expected, targets[i] * pageBytes, pageBytes);
        }
        TensorData after = c.run(problem(pageBytes, pool, sources, targets)).get("pages");
        c.same("pool", after.over(MemorySegment.ofArray(expected)), after);
    }
}
