package dev.filigree.cpu.reference.ops.activationquantize;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.common.Rows;
import org.jspecify.annotations.Nullable;

/**
 * The definition of {@link ActivationQuantize}. Arithmetic is fp32, operation by operation, so that codes and scales
 * are equal on every backend; only the row sum is fp64.
 */
public final class ActivationQuantizeReference implements HostKernel {
    private final ActivationQuantize op;
    private final HostTensor x;
    private final @Nullable HostTensor smooth;
    private final HostTensor codes;
    private final HostTensor scales;
    private final @Nullable HostTensor sums;
    private final float[] row;

    /** The kernel of one step. */
    public ActivationQuantizeReference(ActivationQuantize op, HostKernelContext context) {
        this.op = op;
        x = context.tensor(op.x());
        smooth = op.smooth().isPresent() ? context.tensor(op.smooth().get()) : null;
        codes = context.tensor(op.codes());
        scales = context.tensor(op.scales());
        sums = op.sums().isPresent() ? context.tensor(op.sums().get()) : null;
        row = new float[Math.toIntExact(x.rowElements())];
    }

    @Override
    public void run() {
        QuantFormat format = op.format();
        int groupSize = format.groupSize() == 0 ? row.length : format.groupSize();
        for (long t = 0; t < x.extent(0); t++) {
            for (int c = 0; c < row.length; c++) {
                float shifted = x.get(Rows.element(x, t, c)) + op.shift();
                row[c] = smooth == null ? shifted : shifted / smooth.get(smooth.at(c));
            }
            double sum = 0;
            for (int g = 0; g < format.groups(row.length); g++) {
                sum += group(t, g, g * groupSize, Math.min(row.length, (g + 1) * groupSize));
            }
            if (sums != null) {
                sums.set(sums.at(t), sum);
            }
        }
    }

    /** Quantizes one group; returns the sum of code times scale. */
    private double group(long t, int g, int start, int end) {
        float absMax = 0;
        for (int c = start; c < end; c++) {
            absMax = Math.max(absMax, Math.abs(row[c]));
        }
        boolean finite = Float.isFinite(absMax);
        scales.set(scales.at(t) + g, finite ? absMax / op.format().maxMagnitude() : Float.NaN);
        if (scales.get(scales.at(t) + g) == 0) {
            scales.set(scales.at(t) + g, 1f);
        }
        float scale = scales.get(scales.at(t) + g); // as stored: codes belong to the rounded scale
        double sum = 0;
        for (int c = start; c < end; c++) {
            codes.setInt(codes.at(t) + c, finite ? code(row[c] / scale) : 0);
            sum += (double) codes.get(codes.at(t) + c) * scale;
        }
        return sum;
    }

    private int code(float value) {
        int max = op.format().maxMagnitude();
        if (op.format().codes() == DType.E2M1) {
            return Codes.floatToE2m1(value);
        }
        int min = op.format().codes() == DType.U4 ? 0 : -max;
        return (int) Math.clamp(Math.rint(value), (double) min, (double) max);
    }
}
