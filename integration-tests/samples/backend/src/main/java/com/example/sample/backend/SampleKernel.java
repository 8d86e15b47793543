package com.example.sample.backend;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Sample;

/** Draws the next token of each row from the most likely ones. */
final class SampleKernel implements HostKernel {
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private final HostTensor logits;
    private final HostTensor temperatures;
    private final HostTensor topKs;
    private final HostTensor topPs;
    private final HostTensor seeds;
    private final HostTensor positions;
    private final HostTensor tokens;
    private final TokenRanking ranking;
    private final double[] weights;

    SampleKernel(Sample op, HostKernelContext context) {
        logits = context.tensor(op.logits());
        temperatures = context.tensor(op.temperatures());
        topKs = context.tensor(op.topKs());
        topPs = context.tensor(op.topPs());
        seeds = context.tensor(op.seeds());
        positions = context.tensor(op.positions());
        tokens = context.tensor(op.tokens());
        ranking = new TokenRanking(Math.toIntExact(logits.extent(1)));
        weights = new double[ranking.size()];
    }

    @Override
    public void run() {
        for (long s = 0; s < logits.extent(0); s++) {
            tokens.setInt(s, draw(s));
        }
    }

    private int draw(long s) {
        int best = TokenRanking.best(logits, s);
        float largest = logits.get(logits.at(s, best));
        if (temperatures.get(s) == 0 || !Float.isFinite(largest)) {
            return best;
        }
        ranking.rank(logits, s);
        int topK = topKs.getInt(s);
        int kept = topK > 0 ? Math.min(topK, weights.length) : weights.length;
        double total = 0;
        for (int i = 0; i < kept; i++) {
            double logit = logits.get(logits.at(s, ranking.token(i)));
            weights[i] = Math.exp((logit - largest) / temperatures.get(s));
            total += weights[i];
        }
        kept = shortestPrefix(kept, total, topPs.get(s));
        return ranking.token(pick(kept, uniform(seeds.getLong(s), positions.getInt(s))));
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
                return i;
            }
        }
        return kept - 1;
    }

    /** A number in [0, 1): SplitMix64's finaliser over seed and position. */
    private static double uniform(long seed, int position) {
        long z = seed + position * GOLDEN;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return ((z ^ z >>> 31) >>> 11) * 0x1p-53;
    }
}
