package dev.filigree.cpu.reference.common;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Rotary;

/** Turns head vectors by their position as {@link Rotary} says (RoFormer section 3.4.2). */
public final class Rotation {
    private final Rotary rotary;
    private final HostTensor frequencies;
    private final double[] cos;
    private final double[] sin;

    /** A rotation with the frequencies of a tensor. */
    public Rotation(Rotary rotary, HostTensor frequencies) {
        this.rotary = rotary;
        this.frequencies = frequencies;
        this.cos = new double[rotary.rotaryDim() / 2];
        this.sin = new double[rotary.rotaryDim() / 2];
    }

    /** Computes the angles of a position. */
    public void position(int position) {
        for (int c = 0; c < cos.length; c++) {
            float angle = (float) ((double) position * frequencies.get(frequencies.at(c)));
            cos[c] = Math.cos(angle) * rotary.magnitude();
            sin[c] = Math.sin(angle) * rotary.magnitude();
        }
    }

    /** Turns a head vector in place. */
    public void apply(double[] x) {
        for (int c = 0; c < cos.length; c++) {
            boolean halfSplit = rotary.style() == Rotary.Style.HALF_SPLIT;
            int first = halfSplit ? c : 2 * c;
            int second = halfSplit ? c + cos.length : 2 * c + 1;
            double a = x[first];
            double b = x[second];
            x[first] = a * cos[c] - b * sin[c];
            x[second] = b * cos[c] + a * sin[c];
        }
    }
}
