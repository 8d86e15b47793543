package dev.filigree.cpu.reference.ops.argmax;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Argmax;

/** The definition of {@link Argmax}. */
public final class ArgmaxReference implements HostKernel {
    private final HostTensor logits;
    private final HostTensor tokens;

    /** The kernel of one step. */
    public ArgmaxReference(Argmax op, HostKernelContext context) {
        logits = context.tensor(op.logits());
        tokens = context.tensor(op.tokens());
    }

    @Override
    public void run() {
        for (long s = 0; s < logits.extent(0); s++) {
            tokens.setInt(tokens.at(s), argmax(logits, s));
        }
    }

    /** The lowest index of the largest logit of a row; the first NaN if there is one. */
    public static int argmax(HostTensor logits, long row) {
        int best = 0;
        float largest = logits.get(logits.at(row, 0));
        for (int i = 1; i < logits.extent(1) && !Float.isNaN(largest); i++) {
            float logit = logits.get(logits.at(row, i));
            if (logit > largest || Float.isNaN(logit)) {
                best = i;
                largest = logit;
            }
        }
        return best;
    }
}
