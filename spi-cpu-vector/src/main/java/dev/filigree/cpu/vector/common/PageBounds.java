package dev.filigree.cpu.vector.common;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/** Per logical page and channel the largest and the smallest key, rounded outward to f16 (LServe section 3.4.2). */
public final class PageBounds {
    private final KvPageLayout layout;

    /** The statistics of a layout. */
    public PageBounds(KvPageLayout layout) {
        this.layout = layout;
    }

    /**
     * Takes in the key of a slot: the first slot of a logical page assigns, later ones widen.
     *
     * @param page address of the page
     * @param head index in the layout
     * @param slot of the key
     * @param key address of its f32 as they read back from the page
     */
    public void include(long page, int head, int slot, long key) {
        MemorySegment all = Memory.all();
        boolean first = slot % layout.logicalPageSize() == 0;
        long maxAt = max(page, slot / layout.logicalPageSize(), head);
        long minAt = min(page, slot / layout.logicalPageSize(), head);
        for (int c = 0; c < layout.headDimQk(); c++) {
            float value = all.get(JAVA_FLOAT_UNALIGNED, key + 4L * c);
            float max = roundUp(value);
            float min = -roundUp(-value);
            if (!first) {
                max = Math.max(max, Float.float16ToFloat(all.get(JAVA_SHORT_UNALIGNED, maxAt + 2L * c)));
                min = Math.min(min, Float.float16ToFloat(all.get(JAVA_SHORT_UNALIGNED, minAt + 2L * c)));
            }
            all.set(JAVA_SHORT_UNALIGNED, maxAt + 2L * c, Float.floatToFloat16(max));
            all.set(JAVA_SHORT_UNALIGNED, minAt + 2L * c, Float.floatToFloat16(min));
        }
    }

    /** Address of the f16 upper bounds of a logical page and head. */
    public long max(long page, int logicalPage, int head) {
        return page + layout.kMaxOffset() + 2 * layout.stat(logicalPage, head, 0);
    }

    /** Address of the f16 lower bounds of a logical page and head. */
    public long min(long page, int logicalPage, int head) {
        return page + layout.kMinOffset() + 2 * layout.stat(logicalPage, head, 0);
    }

    /** The smallest f16 that is not below the value. */
    private static float roundUp(float value) {
        short nearest = Float.floatToFloat16(value);
        if (!(Float.float16ToFloat(nearest) < value)) {
            return Float.float16ToFloat(nearest);
        }
        // The next f16 up: away from 0 above it, towards 0 below it.
        return Float.float16ToFloat((short) (nearest >= 0 ? nearest + 1 : nearest - 1));
    }
}
