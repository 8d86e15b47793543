package dev.filigree.cpu.reference.ops.lowbitlinear;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.cpu.reference.common.Rows;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The definition of {@link LowBitLinear}: {@code y = channelScale * sum_i x_i * w_i + bias} over the numbers that codes
 * stand for, {@code x = xScale * code} and {@code w = scale * code + zero}.
 */
public final class LowBitLinearReference implements HostKernel {
    /** Tokens that share one decoding of a weight row. */
    private static final int TOKENS_AT_ONCE = 16;

    private final LowBitLinear op;
    private final HostTensor x;
    private final @Nullable HostTensor xScales;
    private final HostTensor weight;
    private final HostTensor scales;
    private final @Nullable HostTensor zeros;
    private final @Nullable HostTensor channelScales;
    private final @Nullable HostTensor bias;
    private final HostTensor y;
    private final double[][] xRows;
    private final double[] weightRow;

    /** The kernel of one step. */
    public LowBitLinearReference(LowBitLinear op, HostKernelContext context) {
        this.op = op;
        x = context.tensor(op.x());
        xScales = optional(op.xScales(), context);
        weight = context.tensor(op.weight());
        scales = context.tensor(op.scales());
        zeros = optional(op.zeros(), context);
        channelScales = optional(op.channelScales(), context);
        bias = optional(op.bias(), context);
        y = context.tensor(op.y());
        weightRow = new double[Math.toIntExact(weight.extent(1))];
        xRows = new double[TOKENS_AT_ONCE][weightRow.length];
    }

    @Override
    public void run() {
        for (long first = 0; first < x.extent(0); first += TOKENS_AT_ONCE) {
            int count = (int) Math.min(TOKENS_AT_ONCE, x.extent(0) - first);
            for (int t = 0; t < count; t++) {
                readX(first + t, xRows[t]);
            }
            for (long o = 0; o < weight.extent(0); o++) {
                readWeight(o);
                double factor = channelScales == null ? 1 : channelScales.get(channelScales.at(o));
                double offset = bias == null ? 0 : bias.get(bias.at(o));
                for (int t = 0; t < count; t++) {
                    y.set(y.at(first + t) + o, factor * Rows.dot(xRows[t], weightRow) + offset);
                }
            }
        }
    }

    private void readX(long t, double[] target) {
        for (int i = 0; i < target.length; i++) {
            double value = x.get(x.at(t) + i);
            if (xScales != null && op.activationFormat().isPresent()) {
                value *= xScales.get(xScales.at(t) + group(op.activationFormat().get(), i));
            }
            target[i] = value;
        }
    }

    private void readWeight(long o) {
        for (int i = 0; i < weightRow.length; i++) {
            long group = group(op.weightFormat(), i);
            double zero = zeros == null ? 0 : zeros.get(zeros.at(o) + group);
            weightRow[i] = (double) scales.get(scales.at(o) + group) * weight.get(weight.at(o) + i) + zero;
        }
    }

    private static long group(QuantFormat format, int column) {
        return format.groupSize() == 0 ? 0 : column / format.groupSize();
    }

    private static @Nullable HostTensor optional(Optional<TensorRef> ref, HostKernelContext context) {
        return ref.isPresent() ? context.tensor(ref.get()) : null;
    }
}
