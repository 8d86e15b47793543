package dev.filigree.cpu.reference.ops.linear;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Linear;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.cpu.reference.common.Rows;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The definition of {@link Linear}: {@code y[t, o] = sum_i x[t, i] * weight[o, i] + bias[o]}. */
public final class LinearReference implements HostKernel {
    /** Tokens that share one reading of a weight row; without it most time goes into converting weights. */
    private static final int TOKENS_AT_ONCE = 16;

    private final HostTensor x;
    private final HostTensor weight;
    private final @Nullable HostTensor bias;
    private final HostTensor y;
    private final float[][] xRows;
    private final float[] weightRow;

    /** The kernel of one step. */
    public LinearReference(Linear op, HostKernelContext context) {
        Optional<TensorRef> b = op.bias();
        x = context.tensor(op.x());
        weight = context.tensor(op.weight());
        bias = b.isPresent() ? context.tensor(b.get()) : null;
        y = context.tensor(op.y());
        weightRow = new float[Math.toIntExact(weight.extent(1))];
        xRows = new float[TOKENS_AT_ONCE][weightRow.length];
    }

    @Override
    public void run() {
        for (long first = 0; first < x.extent(0); first += TOKENS_AT_ONCE) {
            int count = (int) Math.min(TOKENS_AT_ONCE, x.extent(0) - first);
            for (int t = 0; t < count; t++) {
                Rows.read(x, x.at(first + t), xRows[t]);
            }
            for (long o = 0; o < weight.extent(0); o++) {
                Rows.read(weight, weight.at(o), weightRow);
                double offset = bias == null ? 0 : bias.get(bias.at(o));
                for (int t = 0; t < count; t++) {
                    y.set(y.at(first + t) + o, Rows.dot(xRows[t], weightRow) + offset);
                }
            }
        }
    }
}
