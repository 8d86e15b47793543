package dev.filigree.cpu.reference.ops.rope;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Rope;
import dev.filigree.cpu.reference.common.Rotation;

/** The definition of {@link Rope}: every head of token t turned by {@code positions[t]}. */
public final class RopeReference implements HostKernel {
    private final HostTensor x;
    private final HostTensor positions;
    private final HostTensor out;
    private final Rotation rotation;
    private final double[] head;

    /** The kernel of one step. */
    public RopeReference(Rope op, HostKernelContext context) {
        x = context.tensor(op.x());
        positions = context.tensor(op.positions());
        out = context.tensor(op.out());
        rotation = new Rotation(op.rotary(), context.tensor(op.rotary().frequencies()));
        head = new double[Math.toIntExact(x.extent(2))];
    }

    @Override
    public void run() {
        for (long t = 0; t < x.extent(0); t++) {
            rotation.position(positions.getInt(positions.at(t)));
            for (long h = 0; h < x.extent(1); h++) {
                for (int c = 0; c < head.length; c++) {
                    head[c] = x.get(x.at(t, h, c));
                }
                rotation.apply(head);
                for (int c = 0; c < head.length; c++) {
                    out.set(out.at(t, h, c), head[c]);
                }
            }
        }
    }
}
