package dev.filigree.api.attention;

import dev.filigree.api.kvcache.KvClass;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;

/**
 * The tensors that attention plans of one problem work on, under the names that the host binds. Step tensors and
 * temporaries have the same name in every layer, pages carry the layer's number. Each method declares its tensor
 * when first asked.
 */
public final class AttentionTensors {
    private final AttentionProblem problem;
    private final PlanBuilder builder;

    /** Tensors of a problem, declared in a builder. */
    public AttentionTensors(AttentionProblem problem, PlanBuilder builder) {
        this.problem = problem;
        this.builder = builder;
    }

    private Dim numTokens() {
        return Dim.upTo("numTokens", problem.capacity().numTokens());
    }

    private Dim numSeqs() {
        return Dim.upTo("numSeqs", problem.capacity().numSeqs());
    }

    /** {@code q [numTokens, numQoHeads, headDimQk]}, RoPE applied. */
    public TensorRef q() {
        ModelGeometry g = problem.geometry();
        return builder.temp(
                "q",
                problem.dtype(),
                numTokens(),
                Dim.fixed("numQoHeads", g.numQoHeads()),
                Dim.fixed("headDimQk", g.headDimQk()));
    }

    /** {@code k [numTokens, numKvHeads, headDimQk]}, the current tokens; RoPE applied except in decode. */
    public TensorRef k() {
        ModelGeometry g = problem.geometry();
        return builder.temp(
                "k",
                problem.dtype(),
                numTokens(),
                Dim.fixed("numKvHeads", g.numKvHeads()),
                Dim.fixed("headDimQk", g.headDimQk()));
    }

    /** {@code v [numTokens, numKvHeads, headDimVo]}, the current tokens. */
    public TensorRef v() {
        ModelGeometry g = problem.geometry();
        return builder.temp(
                "v",
                problem.dtype(),
                numTokens(),
                Dim.fixed("numKvHeads", g.numKvHeads()),
                Dim.fixed("headDimVo", g.headDimVo()));
    }

    /** {@code attn [numTokens, numQoHeads, headDimVo]}: the plan's output. */
    public TensorRef out() {
        return state("attn");
    }

    /** {@code attn.lse [numTokens, numQoHeads]} f32. */
    public TensorRef lse() {
        return stateLse("attn");
    }

    /** A further {@code [numTokens, numQoHeads, headDimVo]} output, for parts to be merged. */
    public TensorRef state(String name) {
        ModelGeometry g = problem.geometry();
        return builder.temp(
                name,
                problem.dtype(),
                numTokens(),
                Dim.fixed("numQoHeads", g.numQoHeads()),
                Dim.fixed("headDimVo", g.headDimVo()));
    }

    /** The lse that goes with {@link #state}. */
    public TensorRef stateLse(String name) {
        return builder.temp(
                name + ".lse",
                DType.F32,
                numTokens(),
                Dim.fixed("numQoHeads", problem.geometry().numQoHeads()));
    }

    /** {@code qOffsets [numSeqs + 1]} i32. */
    public TensorRef qOffsets() {
        return builder.declare(
                "qOffsets", TensorRole.INPUT, DType.I32, numSeqs().plusOne());
    }

    /** {@code positions [numTokens]} i32, absolute position of every current token. */
    public TensorRef positions() {
        return builder.declare("positions", TensorRole.INPUT, DType.I32, numTokens());
    }

    /** {@code pastLengths [numSeqs]} i32, tokens cached before this step. */
    public TensorRef pastLengths() {
        return builder.declare("pastLengths", TensorRole.INPUT, DType.I32, numSeqs());
    }

    /** {@code kvLengths [numSeqs]} i32, tokens cached after this step. */
    public TensorRef kvLengths() {
        return builder.declare("kvLengths", TensorRole.INPUT, DType.I32, numSeqs());
    }

    /** {@code slots [numSeqs]} i32, row of each sequence in per-sequence policy state. */
    public TensorRef slots() {
        return builder.declare("slots", TensorRole.INPUT, DType.I32, numSeqs());
    }

    /**
     * {@code qBlockOffsets.<blockSize> [numSeqs + 1]} i32: first block row of each sequence, where a sequence
     * whose current tokens stand at positions {@code [past, past + n)} has {@code ceil((past + n) / blockSize)
     * - floor(past / blockSize)} rows, none if n is 0.
     */
    public TensorRef qBlockOffsets(int blockSize) {
        return builder.declare(
                "qBlockOffsets." + blockSize,
                TensorRole.INPUT,
                DType.I32,
                numSeqs().plusOne());
    }

    /** The variable axis {@code numQBlocks.<blockSize>}: block rows of the step. */
    public Dim numQBlocks(int blockSize) {
        StepCapacity c = problem.capacity();
        return Dim.upTo("numQBlocks." + blockSize, c.numTokens() / blockSize + 2 * c.numSeqs());
    }

    /** Key blocks of the longest sequence. */
    public Dim maxKvBlocks(int blockSize) {
        return Dim.fixed("maxKvBlocks", Math.ceilDiv(problem.capacity().contextTokens(), (long) blockSize));
    }

    /** The pages of a class in the problem's layer. */
    public KvPages pages(int kvClass) {
        KvClass c = problem.kv().classes().get(kvClass);
        KvPageLayout layout = problem.kv().layout(problem.layer(), kvClass);
        TensorRef pages = builder.declare(
                "layer" + problem.layer() + ".kv." + c.name() + ".pages",
                TensorRole.STATE,
                DType.U8,
                Dim.fixed("numPages", problem.kv().numPages().get(kvClass)),
                Dim.fixed("pageBytes", layout.pageBytes()));
        TensorRef table = builder.declare(
                "kv." + c.name() + ".pageTable",
                TensorRole.INPUT,
                DType.I32,
                numSeqs(),
                Dim.fixed("numColumns", c.pagesFor(problem.capacity().contextTokens())));
        return new KvPages(layout, c.addressing(), pages, table);
    }

    /** All heads of a class in the problem's layer, as appending and gathering address them. */
    public HeadMap classHeads(int kvClass) {
        ModelGeometry g = problem.geometry();
        var heads = problem.kv().headsOf(problem.layer(), kvClass);
        return HeadMap.byRank(g.numQoHeads(), g.numKvHeads(), heads, heads);
    }

    /** The served heads of a class, over pages or gathered tensors of that class. */
    public HeadMap servedHeads(int kvClass) {
        ModelGeometry g = problem.geometry();
        var heads = problem.kv().headsOf(problem.layer(), kvClass);
        return HeadMap.byRank(g.numQoHeads(), g.numKvHeads(), heads, problem.headsOfClass(kvClass));
    }

    /** {@code kv.<class>.k [numKvTokens, numHeads, headDimQk]}: gathered keys of a class. */
    public TensorRef gatheredK(int kvClass) {
        return gathered(kvClass, "k", problem.geometry().headDimQk());
    }

    /** {@code kv.<class>.v [numKvTokens, numHeads, headDimVo]}: gathered values of a class. */
    public TensorRef gatheredV(int kvClass) {
        return gathered(kvClass, "v", problem.geometry().headDimVo());
    }

    /** {@code kv.<class>.kvOffsets [numSeqs + 1]} i32: rows of the gathered tensors. */
    public TensorRef kvOffsets(int kvClass) {
        return builder.declare(
                prefix(kvClass) + "kvOffsets",
                TensorRole.INPUT,
                DType.I32,
                numSeqs().plusOne());
    }

    /** {@code kv.<class>.kvPositions [numKvTokens]} i32: positions of the gathered rows. */
    public TensorRef kvPositions(int kvClass) {
        return builder.temp(prefix(kvClass) + "kvPositions", DType.I32, numKvTokens(kvClass));
    }

    private TensorRef gathered(int kvClass, String name, int headDim) {
        int heads = problem.kv().headsOf(problem.layer(), kvClass).size();
        // Layers may differ in the number of heads of a class, and one name has one shape.
        return builder.temp(
                prefix(kvClass) + name + "." + heads,
                problem.dtype(),
                numKvTokens(kvClass),
                Dim.fixed("numHeads", heads),
                Dim.fixed("headDim", headDim));
    }

    private Dim numKvTokens(int kvClass) {
        StepCapacity c = problem.capacity();
        long retained = problem.kv().classes().get(kvClass).retention().retainedTokens(c.contextTokens());
        long rows = Math.min(c.kvTokens(), c.numSeqs() * retained + c.numTokens());
        return Dim.upTo(prefix(kvClass) + "numKvTokens", rows);
    }

    private String prefix(int kvClass) {
        return "kv." + problem.kv().classes().get(kvClass).name() + ".";
    }
}
