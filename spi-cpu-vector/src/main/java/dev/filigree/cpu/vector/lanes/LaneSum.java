package dev.filigree.cpu.vector.lanes;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
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

    private static final VectorShuffle<Float> HALF = across(Lanes.COUNT / 2);
    private static final VectorShuffle<Float> QUARTER = across(Lanes.COUNT / 4);
    private static final VectorShuffle<Float> EIGHTH = across(Lanes.COUNT / 8);
    private static final VectorShuffle<Float> NEIGHBOUR = across(1);
    private static final VectorShuffle<Float> EVEN = VectorShuffle.fromOp(Lanes.F32, lane -> 2 * lane % Lanes.COUNT);
    private static final VectorMask<Float> HALF_UPPER = upper(Lanes.COUNT / 2);
    private static final VectorMask<Float> QUARTER_UPPER = upper(Lanes.COUNT / 4);
    private static final VectorMask<Float> EIGHTH_UPPER = upper(Lanes.COUNT / 8);
    private static final VectorMask<Float> FIRST_FOUR = VectorMask.fromLong(Lanes.F32, 0x0f);
    private static final VectorMask<Float> LAST_FOUR = VectorMask.fromLong(Lanes.F32, 0xf0);

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

    /**
     * The sums of eight vectors, each in the order of {@link #of}, written to 4 contiguous f32 at one address and 4 at another.
     * Halves of two vectors share an addition, then quarters of four: a third of the shuffles that eight sums by themselves take.
     */
    public static void eight(
            MemorySegment to,
            long firstFour,
            long lastFour,
            FloatVector s0,
            FloatVector s1,
            FloatVector s2,
            FloatVector s3,
            FloatVector s4,
            FloatVector s5,
            FloatVector s6,
            FloatVector s7) {
        if (Lanes.COUNT < 8) {
            four(s0, s1, s2, s3, HALF, HALF_UPPER, QUARTER, QUARTER_UPPER)
                    .intoMemorySegment(to, firstFour, Lanes.ORDER);
            four(s4, s5, s6, s7, HALF, HALF_UPPER, QUARTER, QUARTER_UPPER).intoMemorySegment(to, lastFour, Lanes.ORDER);
            return;
        }
        FloatVector sums = four(
                two(s0, s4, HALF, HALF_UPPER),
                two(s1, s5, HALF, HALF_UPPER),
                two(s2, s6, HALF, HALF_UPPER),
                two(s3, s7, HALF, HALF_UPPER),
                QUARTER,
                QUARTER_UPPER,
                EIGHTH,
                EIGHTH_UPPER);
        if (Lanes.COUNT > 8) {
            sums = sums.add(sums.rearrange(NEIGHBOUR)).rearrange(EVEN);
        }
        sums.intoMemorySegment(to, firstFour, Lanes.ORDER, FIRST_FOUR);
        sums.intoMemorySegment(to, lastFour - 16, Lanes.ORDER, LAST_FOUR);
    }

    private static FloatVector four(
            FloatVector a,
            FloatVector b,
            FloatVector c,
            FloatVector d,
            VectorShuffle<Float> far,
            VectorMask<Float> farUpper,
            VectorShuffle<Float> near,
            VectorMask<Float> nearUpper) {
        return two(two(a, c, far, farUpper), two(b, d, far, farUpper), near, nearUpper);
    }

    /** Adds lanes that a step apart: sums of a where the step's bit is clear, of b where it is set. */
    private static FloatVector two(FloatVector a, FloatVector b, VectorShuffle<Float> step, VectorMask<Float> upper) {
        return a.blend(b, upper).add(b.blend(a, upper).rearrange(step));
    }

    private static VectorShuffle<Float> across(int step) {
        return VectorShuffle.fromOp(Lanes.F32, lane -> lane ^ Math.min(step, Lanes.COUNT - 1));
    }

    private static VectorMask<Float> upper(int step) {
        boolean[] lanes = new boolean[Lanes.COUNT];
        for (int lane = 0; lane < lanes.length; lane++) {
            lanes[lane] = (lane & step) != 0;
        }
        return VectorMask.fromArray(Lanes.F32, lanes, 0);
    }

    private static VectorShuffle<Float> rotate(int by) {
        return VectorShuffle.fromOp(Lanes.F32, lane -> (lane + by) % Lanes.COUNT);
    }
}
