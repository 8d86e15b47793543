package dev.filigree.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Encodes tensor maps (cuTensorMapEncodeTiled). Owns the lists that the call reads, so encoding allocates nothing. */
public final class TensorMaps {
    /** Bytes of a map. */
    public static final int BYTES = 128;

    private static final int F16 = 6;
    private static final int BF16 = 9;
    private static final int MOST_AXES = 5;

    private final GraphCalls calls;
    private final MemorySegment[] lists;

    /** Lists in an arena. */
    public TensorMaps(CudaContext context, Arena arena) {
        calls = context.graphCalls();
        MemorySegment longs = arena.allocate(ValueLayout.JAVA_LONG, 2L * MOST_AXES);
        MemorySegment ints = arena.allocate(ValueLayout.JAVA_INT, 2L * MOST_AXES);
        lists = new MemorySegment[] {
            longs, longs.asSlice(MOST_AXES * 8L), ints, ints.asSlice(MOST_AXES * 4L),
        };
        for (int axis = 0; axis < MOST_AXES; axis++) {
            lists[3].setAtIndex(ValueLayout.JAVA_INT, axis, 1);
        }
    }

    /** Sets an axis of the next map: its extent, its stride unless it is the innermost (0), and the tile's extent. */
    public void axis(int axis, long extent, long strideBytes, int box) {
        lists[0].setAtIndex(ValueLayout.JAVA_LONG, axis, extent);
        if (axis > 0) {
            lists[1].setAtIndex(ValueLayout.JAVA_LONG, axis - 1L, strideBytes);
        }
        lists[2].setAtIndex(ValueLayout.JAVA_INT, axis, box);
    }

    /** Writes the map of that many axes. */
    public void encode(MemorySegment map, boolean bf16, int rank, long address) {
        calls.encode(map, bf16 ? BF16 : F16, rank, address, lists);
    }
}
