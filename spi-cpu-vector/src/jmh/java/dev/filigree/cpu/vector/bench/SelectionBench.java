package dev.filigree.cpu.vector.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.cpu.vector.VectorBackend;
import dev.filigree.cpu.vector.lanes.Lanes;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * One decode step of one sequence under a fixed budget as the cache grows: page scores, selection and attention over the
 * chosen pages apart, beside dense attention. Arguments: {@code [precision [budget [scope [numQoHeads numKvHeads headDim]]]]}.
 */
public final class SelectionBench implements AutoCloseable {
    private static final int[] LENGTHS = {4096, 16384, 65536, 262144};
    private static final int PAGE = 64;
    private static final int LOGICAL = 16;
    private static final int CHUNK = 4096;
    private static final int ROUNDS = 40;

    private final HeadMap heads;
    private final int headDim;
    private final KvPageLayout layout;
    private final SelectionScope scope;
    private final int budgetPages;
    private final VectorBackend backend = new VectorBackend(Runtime.getRuntime().availableProcessors(), Long.MAX_VALUE);
    private final BufferScope memory = backend.openScope();
    private final ExecutionStream stream = backend.openStream();
    private final Map<String, TensorDecl> decls = new HashMap<>();
    private final Map<String, DeviceBuffer> buffers = new HashMap<>();
    private final SplittableRandom random = new SplittableRandom(1);

    private SelectionBench(HeadMap heads, int headDim, KvPrecision precision, SelectionScope scope, int budget) {
        this.heads = heads;
        this.headDim = headDim;
        this.scope = scope;
        budgetPages = budget / PAGE;
        layout = new KvPageLayout(heads.numKvHeads(), PAGE, headDim, headDim, precision, precision, LOGICAL);
        int numPages = LENGTHS[LENGTHS.length - 1] / PAGE;
        int lists = scope.numLists(heads.numQoHeads(), heads.numKvHeads());
        declare("pages", TensorRole.STATE, DType.U8, numPages, layout.pageBytes());
        declare("table", TensorRole.INPUT, DType.I32, 1, numPages);
        declare("k", TensorRole.INPUT, DType.F32, CHUNK, heads.numKvHeads(), headDim);
        declare("v", TensorRole.INPUT, DType.F32, CHUNK, heads.numKvHeads(), headDim);
        declare("appendOffsets", TensorRole.INPUT, DType.I32, 2);
        declare("positions", TensorRole.INPUT, DType.I32, CHUNK);
        declare("q", TensorRole.INPUT, DType.F32, 1, heads.numQoHeads(), headDim);
        declare("offsets", TensorRole.INPUT, DType.I32, 2);
        declare("lengths", TensorRole.INPUT, DType.I32, 1);
        declare("slots", TensorRole.INPUT, DType.I32, 1);
        declare("scores", TensorRole.STATE, DType.F32, 1, lists, numPages);
        declare("counts", TensorRole.STATE, DType.I32, 1, lists);
        declare("chosen", TensorRole.STATE, DType.I32, 1, lists, budgetPages + 1L);
        declare("out", TensorRole.OUTPUT, DType.F32, 1, heads.numQoHeads(), headDim);
        declare("lse", TensorRole.OUTPUT, DType.F32, 1, heads.numQoHeads());
    }

    /** Runs all lengths. */
    public static void main(String[] args) {
        KvPrecision precision =
                KvPrecision.valueOf(args.length > 0 ? args[0].toUpperCase(java.util.Locale.ROOT) : "INT8");
        int budget = args.length > 1 ? Integer.parseInt(args[1]) : 4096;
        SelectionScope scope = args.length > 2 ? SelectionScope.valueOf(args[2]) : SelectionScope.QUERY_HEAD;
        int[] shape = args.length > 5
                ? Arrays.stream(args, 3, 6).mapToInt(Integer::parseInt).toArray()
                : new int[] {8, 4, 64};
        System.out.printf(
                "%s, %d/%d heads of %d, %s pages of %d, stats/%d, budget %d, a list per %s%n",
                Lanes.describe(), shape[0], shape[1], shape[2], precision, PAGE, LOGICAL, budget, scope);
        System.out.println("cached     score ms   select ms   attend ms   select+attend   dense ms");
        try (SelectionBench bench =
                new SelectionBench(HeadMap.all(shape[0], shape[1]), shape[2], precision, scope, budget)) {
            bench.fill();
            for (int warm = 0; warm < 2; warm++) {
                for (int length : LENGTHS) {
                    bench.report(length, warm == 1);
                }
            }
        }
    }

    private void report(int length, boolean print) {
        segment("lengths").setAtIndex(JAVA_INT, 0, length);
        segment("counts").fill((byte) 0);
        double score = best(score());
        double select = best(select());
        double attend = best(attend(Optional.of(choice())));
        double dense = best(attend(Optional.empty()));
        if (print) {
            System.out.printf(
                    "%7d  %9.3f  %10.3f  %10.3f  %14.3f  %9.3f%n",
                    length, score, select, attend, select + attend, dense);
        }
    }

    private double best(Op op) {
        double best = Double.MAX_VALUE;
        try (PreparedPlan prepared = backend.prepare(new Plan("step", new Tensors(decls.values()), List.of(op)));
                BufferScope scratch = backend.openScope()) {
            RunBindings bindings = new RunBindings(prepared.plan());
            buffers.forEach((name, buffer) -> bindings.bind(TensorRef.of(name), buffer));
            DeviceBuffer workspace = scratch.allocate(prepared.workspaceBytes());
            for (int round = 0; round < (op instanceof KvAppend ? 1 : ROUNDS); round++) {
                long start = System.nanoTime();
                prepared.run(stream, bindings, workspace);
                best = Math.min(best, (System.nanoTime() - start) / 1e6);
            }
        }
        return best;
    }

    private Op score() {
        return new PageScore(heads, scope, pages(), ref("q"), ref("lengths"), ref("scores"));
    }

    private Op select() {
        return new PageSelect(heads, budgetPages, 1, PAGE, 1, ref("scores"), ref("lengths"), choice());
    }

    private Op attend(Optional<PageChoice> choice) {
        return new PagedAttention(
                heads,
                HeadPattern.DENSE,
                0.125f,
                pages(),
                ref("q"),
                ref("offsets"),
                ref("lengths"),
                choice,
                ref("out"),
                ref("lse"));
    }

    private PageChoice choice() {
        return new PageChoice(ref("counts"), ref("chosen"), ref("slots"), scope);
    }

    private KvPages pages() {
        return new KvPages(layout, KvAddressing.LINEAR, ref("pages"), ref("table"));
    }

    /** Random tokens in pages that lie in no order. */
    private void fill() {
        int numPages = LENGTHS[LENGTHS.length - 1] / PAGE;
        for (int page = 0; page < numPages; page++) {
            segment("table").setAtIndex(JAVA_INT, page, (int) (page * 2654435761L % numPages));
        }
        segment("appendOffsets").setAtIndex(JAVA_INT, 1, CHUNK);
        segment("offsets").setAtIndex(JAVA_INT, 1, 1);
        randoms("q");
        Op append = new KvAppend(
                heads, pages(), Optional.empty(), ref("k"), ref("v"), ref("appendOffsets"), ref("positions"));
        for (int from = 0; from < LENGTHS[LENGTHS.length - 1]; from += CHUNK) {
            for (int i = 0; i < CHUNK; i++) {
                segment("positions").setAtIndex(JAVA_INT, i, from + i);
            }
            randoms("k");
            randoms("v");
            best(append);
        }
    }

    private void randoms(String name) {
        MemorySegment values = segment(name);
        for (long i = 0; i < values.byteSize() / 4; i++) {
            values.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
    }

    private void declare(String name, TensorRole role, DType dtype, long... extents) {
        Dim[] dims = Arrays.stream(extents).mapToObj(n -> Dim.fixed("n" + n, n)).toArray(Dim[]::new);
        TensorDecl decl = TensorDecl.of(name, role, dtype, dims);
        decls.put(name, decl);
        buffers.put(name, memory.allocate(decl.capacityBytes()));
    }

    private MemorySegment segment(String name) {
        DeviceBuffer buffer = buffers.get(name);
        if (buffer == null) {
            throw new IllegalArgumentException(name);
        }
        return buffer.hostSegment().orElseThrow();
    }

    private static TensorRef ref(String name) {
        return TensorRef.of(name);
    }

    @Override
    public void close() {
        memory.close();
        stream.close();
        backend.close();
    }
}
