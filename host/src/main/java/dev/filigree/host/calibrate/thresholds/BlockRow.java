package dev.filigree.host.calibrate.thresholds;

import java.util.Comparator;
import java.util.stream.IntStream;

/** One row of blocks in the profile. */
final class BlockRow {
    private BlockRow() {}

    /**
     * Estimated mass of all blocks that are estimated at least as high as the lowest block needed: blocks are needed in
     * order of exact mass until they hold {@code share} of it.
     *
     * @param exact mass per reachable block
     * @param estimated as exact
     */
    static double takenMass(double[] exact, double[] estimated, double share) {
        int[] order = IntStream.range(0, exact.length)
                .boxed()
                .sorted(Comparator.comparingDouble(c -> -exact[c]))
                .mapToInt(Integer::intValue)
                .toArray();
        double goal = share * sum(exact);
        double reached = 0;
        double lowest = Double.POSITIVE_INFINITY;
        for (int i = 0; i < order.length && reached < goal; i++) {
            reached += exact[order[i]];
            lowest = Math.min(lowest, estimated[order[i]]);
        }
        double taken = 0;
        for (double mass : estimated) {
            taken += mass >= lowest ? mass : 0;
        }
        return taken;
    }

    static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }
}
