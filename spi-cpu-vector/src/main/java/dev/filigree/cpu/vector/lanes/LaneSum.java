package dev.filigree.cpu.vector.lanes;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * Sums across the lanes of a vector in one fixed order. The Vector API leaves the order of its own reduction open, and
 * interpreted code adds in another order than compiled code: a result would depend on what the JIT has reached.
 */
public final class LaneSum {
    private static final VectorShuffle<Float> BY_8 = rotate(8);
    private static final VectorShuffle<Float> BY_4 = rotate(4);
    private static final VectorShuffle<Float> BY_2 = rotate(2);
    private static final VectorShuffle<Float> BY_1 = rotate(1);

    private LaneSum() {}

    /** The sum of all lanes: halves are added to each other until one lane holds everything. */
    public static float of(FloatVector vector) {
        FloatVector sum = vector;
        if (Lanes.COUNT >= 16) {
            sum = sum.add(sum.rearrange(BY_8));
        }
        if (Lanes.COUNT >= 8) {
            sum = sum.add(sum.rearrange(BY_4));
        }
        sum = sum.add(sum.rearrange(BY_2));
        return sum.add(sum.rearrange(BY_1)).lane(0);
    }

    private static VectorShuffle<Float> rotate(int by) {
        return VectorShuffle.fromOp(Lanes.F32, lane -> (lane + by) % Lanes.COUNT);
    }
}
