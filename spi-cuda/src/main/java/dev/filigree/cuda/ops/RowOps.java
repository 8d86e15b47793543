package dev.filigree.cuda.ops;

import dev.filigree.api.backend.Reason;
import dev.filigree.api.op.Add;
import dev.filigree.api.op.Argmax;
import dev.filigree.api.op.Embedding;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.op.LayerNorm;
import dev.filigree.api.op.Modulate;
import dev.filigree.api.op.RmsNorm;
import dev.filigree.api.op.Rope;
import dev.filigree.api.op.Rotary;
import dev.filigree.api.op.Sample;
import dev.filigree.api.op.SwiGlu;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Grids;
import dev.filigree.cuda.launch.Launch;
import java.util.List;

/** Launches of the ops over rows: sums, activations, norms, rotations, and the ends of a decoder. */
final class RowOps {
    private static final int ROPE_CHANNELS = 256;

    private RowOps() {}

    static Choice add(Add op, Tensors tensors, DeviceTraits device) {
        return Choice.of(Launch.of("add__cuda", 256)
                .tensors(op.a(), op.b(), op.out())
                .grid(elementBlocks(tensors, op.a(), device)));
    }

    static Choice swiGlu(SwiGlu op, Tensors tensors, DeviceTraits device) {
        return Choice.of(Launch.of("swi_glu__cuda", 256)
                .tensors(op.gate(), op.up(), op.out())
                .grid(elementBlocks(tensors, op.gate(), device)));
    }

    static Choice gelu(Gelu op, Tensors tensors, DeviceTraits device) {
        return Choice.of(Launch.of("gelu__cuda", 256)
                .tensors(op.x(), op.out())
                .flag(op.form() == Gelu.Form.TANH)
                .grid(elementBlocks(tensors, op.x(), device)));
    }

    static Choice modulate(Modulate op, Tensors tensors, DeviceTraits device) {
        return Choice.of(Launch.of("modulate__cuda", 256)
                .tensors(op.x(), op.qOffsets())
                .tensor(op.scale())
                .tensor(op.shift())
                .tensor(op.residual())
                .tensors(op.out())
                .number(op.offset())
                .grid(elementBlocks(tensors, op.x(), device)));
    }

    static Choice embedding(Embedding op, Tensors tensors, DeviceTraits device) {
        return Choice.of(Launch.of("embedding__cuda", 256)
                .tensors(op.table(), op.ids(), op.out())
                .grid(elementBlocks(tensors, op.out(), device)));
    }

    static Choice rmsNorm(RmsNorm op, Tensors tensors, DeviceTraits device) {
        return Choice.of(Launch.of("rms_norm__cuda", 256)
                .tensors(op.x(), op.weight(), op.out())
                .number(op.eps())
                .grid(Grids.blocks(device, vectors(tensors.get(op.x())), 1)));
    }

    static Choice layerNorm(LayerNorm op, Tensors tensors, DeviceTraits device) {
        return Choice.of(Launch.of("layer_norm__cuda", 256)
                .tensors(op.x())
                .tensor(op.weight())
                .tensor(op.bias())
                .tensors(op.out())
                .number(op.eps())
                .grid(Grids.blocks(device, vectors(tensors.get(op.x())), 1)));
    }

    static Choice rope(Rope op, Tensors tensors, DeviceTraits device) {
        TensorDecl x = tensors.get(op.x());
        if (x.capacity(2) > ROPE_CHANNELS && op.x().equals(op.out())) {
            return new Choice.Refused(List.of(Reason.of(
                    Reason.Kind.SHAPE,
                    "Rope in place takes head dims of up to " + ROPE_CHANNELS + ", not " + x.capacity(2))));
        }
        Rotary rotary = op.rotary();
        return Choice.of(Launch.of("rope__cuda", 128)
                .tensors(op.x(), op.positions(), op.out(), rotary.frequencies())
                .ints(rotary.rotaryDim())
                .flag(rotary.style() == Rotary.Style.HALF_SPLIT)
                .number(rotary.magnitude())
                .grid(Grids.blocks(device, vectors(x), 4)));
    }

    static Choice argmax(Argmax op, Tensors tensors, DeviceTraits device) {
        return Choice.of(Launch.of("argmax__cuda", 256)
                .tensors(op.logits(), op.tokens())
                .grid(Grids.blocks(device, tensors.get(op.logits()).capacity(0), 1)));
    }

    static Choice sample(Sample op, Tensors tensors, DeviceTraits device) {
        TensorDecl logits = tensors.get(op.logits());
        long blocks = Grids.blocksWithScratch(device, logits.capacity(0));
        return Choice.withScratch(
                blocks * 32 * logits.capacity(1),
                Launch.of("sample__cuda", 256)
                        .tensors(
                                op.logits(),
                                op.temperatures(),
                                op.topKs(),
                                op.topPs(),
                                op.seeds(),
                                op.positions(),
                                op.tokens())
                        .scratch()
                        .grid(blocks));
    }

    private static long elementBlocks(Tensors tensors, TensorRef ref, DeviceTraits device) {
        TensorDecl decl = tensors.get(ref);
        return Grids.blocks(device, decl.capacity(0) * decl.rowElements(), 256);
    }

    /** Vectors along the innermost axis. */
    private static long vectors(TensorDecl x) {
        long width = Math.max(1, x.capacity(x.rank() - 1));
        return x.capacity(0) * (x.rank() == 1 ? 1 : x.rowElements() / width);
    }
}
