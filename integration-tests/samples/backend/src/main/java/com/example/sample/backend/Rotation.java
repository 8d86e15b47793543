package com.example.sample.backend;

import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Rotary;

/** Turns a head vector by its position: pair c by the angle {@code position * frequencies[c]}. */
final class Rotation {
    private final Rotary rotary;
    private final HostTensor frequencies;
    private final double[] cos;
    private final double[] sin;

    Rotation(Rotary rotary, HostKernelContext context) {
        this.rotary = rotary;
        frequencies = context.tensor(rotary.frequencies());
        cos = new double[rotary.rotaryDim() / 2];
        sin = new double[rotary.rotaryDim() / 2];
    }

    void setPosition(int position) {
        for (int c = 0; c < cos.length; c++) {
            float angle = (float) ((double) position * frequencies.get(c));
            cos[c] = Math.cos(angle) * rotary.magnitude();
            sin[c] = Math.sin(angle) * rotary.magnitude();
        }
    }

    void turn(float[] vector) {
        boolean halfSplit = rotary.style() == Rotary.Style.HALF_SPLIT;
        for (int c = 0; c < cos.length; c++) {
            int first = halfSplit ? c : 2 * c;
            int second = halfSplit ? c + cos.length : 2 * c + 1;
            double a = vector[first];
            double b = vector[second];
            vector[first] = (float) (a * cos[c] - b * sin[c]);
            vector[second] = (float) (b * cos[c] + a * sin[c]);
        }
    }
}
