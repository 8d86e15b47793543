package dev.filigree.cpu.reference.ops.sample;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Sample;
import dev.filigree.cpu.reference.ops.argmax.ArgmaxReference;
import java.util.Arrays;

/** The definition of {@link Sample}. */
public final class SampleReference implements HostKernel {
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private final HostTensor logits;
    private final HostTensor temperatures;
    private final HostTensor topKs;
    private final HostTensor topPs;
    private final HostTensor seeds;
    private final HostTensor positions;
    private final HostTensor tokens;
    private final long[] order;
    private final double[] weights;

    /** The kernel of one step. */
    public SampleReference(Sample op, HostKernelContext context) {
        logits = context.tensor(op.logits());
        temperatures = context.tensor(op.temperatures());
        topKs = context.tensor(op.topKs());
        topPs = context.tensor(op.topPs());
        seeds = context.tensor(op.seeds());
        positions = context.tensor(op.positions());
        tokens = context.tensor(op.tokens());
        order = new long[Math.toIntExact(logits.extent(1))];
        weights = new double[order.length];
    }

    @Override
    public void run() {
        for (long s = 0; s < logits.extent(0); s++) {
            tokens.setInt(tokens.at(s), draw(s));
        }
    }

    private int draw(long s) {
        int argmax = ArgmaxReference.argmax(logits, s);
        float temperature = temperatures.get(temperatures.at(s));
        float largest = logits.get(logits.at(s, argmax));
        if (temperature == 0 || !Float.isFinite(largest)) {
            return argmax;
        }
        sortByFallingLogit(s);
        int topK = topKs.getInt(topKs.at(s));
        int kept = topK > 0 ? Math.min(topK, order.length) : order.length;
        double total = 0;
        for (int i = 0; i < kept; i++) {
            double difference = (double) logits.get(logits.at(s, token(i))) - largest;
            weights[i] = Math.exp(difference / temperature);
            total += weights[i];
        }
        kept = shortestPrefix(kept, total, topPs.get(topPs.at(s)));
        return pick(kept, uniform(seeds.getLong(seeds.at(s)), positions.getInt(positions.at(s))));
    }

    /** Sorts (falling logit, rising index) as one long per token: inverted logit bits above the index. */
    private void sortByFallingLogit(long s) {
        for (int i = 0; i < order.length; i++) {
            int bits = Float.floatToIntBits(logits.get(logits.at(s, i)) + 0f); // + 0 makes -0 equal to 0
            int rising = bits >= 0 ? bits : bits ^ 0x7fffffff;
            order[i] = (long) ~rising << 32 | i;
        }
        Arrays.sort(order);
    }

    private int token(int rank) {
        return (int) order[rank];
    }

    private int shortestPrefix(int kept, double total, float topP) {
        double sum = 0;
        for (int i = 0; i < kept && topP < 1; i++) {
            sum += weights[i] / total;
            if (sum >= topP) {
                return i + 1;
            }
        }
        return kept;
    }

    private int pick(int kept, double u) {
        double total = 0;
        for (int i = 0; i < kept; i++) {
            total += weights[i];
        }
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            sum += weights[i];
            if (sum > u * total) {
                return token(i);
            }
        }
        return token(kept - 1);
    }

    /** A number in [0, 1) from the SplitMix64 finaliser (Steele, Lea and Flood 2014, figure 10). */
    static double uniform(long seed, int position) {
        long z = seed + position * GOLDEN;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        z ^= z >>> 31;
        return (z >>> 11) * 0x1p-53;
    }
}
