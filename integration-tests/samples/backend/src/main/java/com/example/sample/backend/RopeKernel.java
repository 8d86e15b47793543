package com.example.sample.backend;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Rope;

/** Turns every head of every token; in place where out is x. */
final class RopeKernel implements HostKernel {
    private final Rotation rotation;
    private final HostTensor x;
    private final HostTensor positions;
    private final HostTensor out;
    private final float[] vector;

    RopeKernel(Rope op, HostKernelContext context) {
        rotation = new Rotation(op.rotary(), context);
        x = context.tensor(op.x());
        positions = context.tensor(op.positions());
        out = context.tensor(op.out());
        vector = new float[Math.toIntExact(x.extent(2))];
    }

    @Override
    public void run() {
        for (long t = 0; t < x.extent(0); t++) {
            rotation.setPosition(positions.getInt(t));
            for (long h = 0; h < x.extent(1); h++) {
                Vectors.read(x, x.at(t, h, 0), vector);
                rotation.turn(vector);
                Vectors.write(vector, out, out.at(t, h, 0));
            }
        }
    }
}
