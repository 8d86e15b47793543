package dev.filigree.conformance.cases.sample;

import java.util.Comparator;
import java.util.stream.IntStream;

/** The steps of drawing a token, written down independently of any backend. */
final class SampleSteps {
    private SampleSteps() {}

    static int draw(float[] logits, SampleCases.Draw draw) {
        int[] order = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingDouble(i -> -logits[i]).thenComparing(i -> i))
                .mapToInt(i -> i)
                .toArray();
        if (draw.temperature() == 0) {
            return order[0];
        }
        int kept = draw.topK() == 0 ? order.length : Math.min(draw.topK(), order.length);
        double[] p = new double[kept];
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            p[i] = Math.exp(((double) logits[order[i]] - logits[order[0]]) / draw.temperature());
            sum += p[i];
        }
        double total = 0;
        int prefix = 0;
        while (prefix < kept && (prefix == 0 || draw.topP() >= 1 || total < draw.topP())) {
            p[prefix] /= sum;
            total += p[prefix];
            prefix++;
        }
        double target = uniform(draw.seed(), draw.position()) * total;
        double running = 0;
        for (int i = 0; i < prefix; i++) {
            running += p[i];
            if (running > target) {
                return order[i];
            }
        }
        return order[prefix - 1];
    }

    private static double uniform(long seed, int position) {
        long z = seed + position * 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        z ^= z >>> 31;
        return (z >>> 11) * 0x1p-53;
    }
}
