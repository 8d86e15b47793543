package dev.filigree.cpu.reference.ops.mergestates;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.MergeStates;

/**
 * The definition of {@link MergeStates}: {@code lse = log(sum_i exp(lse_i))} and {@code out = sum_i exp(lse_i - lse)
 * out_i}.
 */
public final class MergeStatesReference implements HostKernel {
    private final HostTensor[] outs;
    private final HostTensor[] lses;
    private final HostTensor out;
    private final HostTensor lse;
    private final double[] weights;

    /** The kernel of one step. */
    public MergeStatesReference(MergeStates op, HostKernelContext context) {
        outs = op.outs().stream().map(context::tensor).toArray(HostTensor[]::new);
        lses = op.lses().stream().map(context::tensor).toArray(HostTensor[]::new);
        out = context.tensor(op.out());
        lse = context.tensor(op.lse());
        weights = new double[outs.length];
    }

    @Override
    public void run() {
        for (long t = 0; t < out.extent(0); t++) {
            for (long h = 0; h < out.extent(1); h++) {
                merge(t, h);
            }
        }
    }

    private void merge(long t, long h) {
        double max = Double.NEGATIVE_INFINITY;
        for (HostTensor part : lses) {
            max = Math.max(max, part.get(part.at(t, h)));
        }
        double total = 0;
        for (int i = 0; i < weights.length; i++) {
            double part = lses[i].get(lses[i].at(t, h));
            // A part without keys is the identity, also when every part is one.
            weights[i] = part == Double.NEGATIVE_INFINITY ? 0 : Math.exp(part - max);
            total += weights[i];
        }
        for (long c = 0; c < out.extent(2); c++) {
            double sum = 0;
            for (int i = 0; i < weights.length; i++) {
                if (weights[i] != 0) {
                    sum += weights[i] / total * outs[i].get(outs[i].at(t, h, c));
                }
            }
            out.set(out.at(t, h, c), sum);
        }
        lse.set(lse.at(t, h), max + Math.log(total));
    }
}
