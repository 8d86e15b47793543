package dev.filigree.cpu.vector.lowbit;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.RowLoop;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/**
 * A low-bit product on all workers: x is turned into f32 codes once, then every task makes a block of outputs for some
 * tokens and may go on with that block (the low-rank branch, the activation function) while it is in the cache.
 */
public final class LowBitProduct {

    /** What follows the product on a block of outputs. */
    @FunctionalInterface
    public interface Epilogue {
        /** Nothing. */
        Epilogue NONE = (firstToken, numTokens, firstOutput, numOutputs, scratch) -> {};

        /** Works on {@code y[firstToken.., firstOutput..]}, which holds the product as stored; scratch is the worker's own. */
        void apply(int firstToken, int numTokens, int firstOutput, int numOutputs, long scratch);
    }

    private final KernelSite site;
    private final ProductTensors t;
    private final ProductLayout layout;
    private final Epilogue epilogue;
    private final RowLoop readLoop;
    private final ProductPanels panels;
    private final ProductDots dots;
    private final dev.filigree.cpu.vector.parallel.WorkerPool.Body panelTask;
    private final dev.filigree.cpu.vector.parallel.WorkerPool.Body dotTask;
    private int numTokens;

    /** A product of one step. */
    public LowBitProduct(LowBitLinear op, KernelSite site, Epilogue epilogue) {
        this.site = site;
        this.epilogue = epilogue;
        t = new ProductTensors(op, site);
        layout = new ProductLayout(op, site.decls(op));
        readLoop = new RowLoop(site.pool(), layout.cut.depth(), this::read);
        panels = new ProductPanels(t, layout);
        dots = new ProductDots(t, layout);
        panelTask = this::panel;
        dotTask = this::dots;
    }

    /** Scratch of a product whose epilogue takes that many bytes per worker. */
    public static ScratchNeed scratch(LowBitLinear op, Tensors tensors, long epilogueBytes) {
        return new ProductLayout(op, tensors).scratch(epilogueBytes);
    }

    /** Computes; the caller has pointed the site at the run. */
    public void run() {
        t.point();
        numTokens = Math.toIntExact(t.rows());
        if (numTokens == 0) {
            return;
        }
        readLoop.run(numTokens);
        if (numTokens <= ProductLayout.FEW_TOKENS && layout.cut.isAligned(Lanes.COUNT)) {
            site.pool().parallelFor(Math.ceilDiv(layout.outFeatures, ProductDots.OUTPUTS), dotTask);
        } else {
            int columns = Math.ceilDiv(layout.outFeatures, Lanes.PANEL);
            site.pool().parallelFor(columns * Math.ceilDiv(numTokens, ProductLayout.TASK_TOKENS), panelTask);
        }
    }

    /** x as f32 codes, padded with zeros to whole vectors, its scales, and the sums that zeros of the weight need. */
    private void read(int worker, long first, long end) {
        int depth = layout.cut.depth();
        MemorySegment all = Memory.all();
        for (long row = first; row < end; row++) {
            long target = site.shared() + row * layout.rowBytes;
            long scales = site.shared() + layout.scalesAt + 4L * row * layout.xGroups;
            for (int i = depth; i < Lanes.roundUp(depth); i++) {
                all.set(JAVA_FLOAT_UNALIGNED, target + 4L * i, 0f);
            }
            if (t.xCodes != null && t.xScales != null) {
                t.xCodes.widen(row, 0, target, depth);
                t.xScales.widen(row, scales);
            } else if (t.xFloats != null) {
                t.xFloats.readSlice(row, 0, target, depth);
                all.set(JAVA_FLOAT_UNALIGNED, scales, 1f);
            }
            if (t.zeros != null) {
                sums(all, target, scales, site.shared() + layout.sumsAt + 4L * row * layout.wGroups);
            }
        }
    }

    private void sums(MemorySegment all, long x, long scales, long target) {
        for (int g = 0; g < layout.wGroups; g++) {
            all.set(JAVA_FLOAT_UNALIGNED, target + 4L * g, 0f);
        }
        for (GroupCut.Segment s : layout.cut.segments()) {
            double sum = 0;
            for (int i = s.from(); i < s.to(); i++) {
                sum += all.get(JAVA_FLOAT_UNALIGNED, x + 4L * i);
            }
            long at = target + 4L * s.wGroup();
            float scaled = (float) (sum * all.get(JAVA_FLOAT_UNALIGNED, scales + 4L * s.xGroup()));
            all.set(JAVA_FLOAT_UNALIGNED, at, all.get(JAVA_FLOAT_UNALIGNED, at) + scaled);
        }
    }

    private void panel(int worker, int task) {
        int columns = Math.ceilDiv(layout.outFeatures, Lanes.PANEL);
        int output = task % columns * Lanes.PANEL;
        int token = task / columns * ProductLayout.TASK_TOKENS;
        int outputs = Math.min(Lanes.PANEL, layout.outFeatures - output);
        int tokens = Math.min(ProductLayout.TASK_TOKENS, numTokens - token);
        long work = site.worker(worker);
        panels.run(token, tokens, output, outputs, site.shared(), work);
        epilogue.apply(token, tokens, output, outputs, work + layout.epilogueAt);
    }

    private void dots(int worker, int task) {
        int output = task * ProductDots.OUTPUTS;
        int outputs = Math.min(ProductDots.OUTPUTS, layout.outFeatures - output);
        long work = site.worker(worker);
        dots.run(numTokens, output, outputs, site.shared(), work);
        epilogue.apply(0, numTokens, output, outputs, work + layout.epilogueAt);
    }
}
