package dev.filigree.cpu.reference.common;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.tensor.DType;
import java.lang.foreign.MemorySegment;

/** Per logical page and channel the largest and the smallest key, rounded outward to f16 (LServe section 3.4.2). */
public final class PageBounds {
    private final KvPageLayout layout;

    /** The statistics of a layout. */
    public PageBounds(KvPageLayout layout) {
        this.layout = layout;
    }

    /** Takes in the key of a slot as it reads back: the first slot of a logical page assigns, later ones widen. */
    public void include(MemorySegment bytes, long pageOffset, int head, int slot, float[] key) {
        int logicalPage = slot / layout.logicalPageSize();
        boolean first = slot % layout.logicalPageSize() == 0;
        for (int c = 0; c < key.length; c++) {
            float max = roundUp(key[c]);
            float min = -roundUp(-key[c]);
            if (!first) {
                max = Math.max(max, max(bytes, pageOffset, logicalPage, head, c));
                min = Math.min(min, min(bytes, pageOffset, logicalPage, head, c));
            }
            long element = layout.stat(logicalPage, head, c);
            HostTensor.store(bytes, pageOffset + layout.kMaxOffset(), DType.F16, element, max);
            HostTensor.store(bytes, pageOffset + layout.kMinOffset(), DType.F16, element, min);
        }
    }

    /** The upper bound of a channel. */
    public float max(MemorySegment bytes, long pageOffset, int logicalPage, int head, int channel) {
        return load(bytes, pageOffset + layout.kMaxOffset(), logicalPage, head, channel);
    }

    /** The lower bound of a channel. */
    public float min(MemorySegment bytes, long pageOffset, int logicalPage, int head, int channel) {
        return load(bytes, pageOffset + layout.kMinOffset(), logicalPage, head, channel);
    }

    private float load(MemorySegment bytes, long offset, int logicalPage, int head, int channel) {
        return HostTensor.load(bytes, offset, DType.F16, layout.stat(logicalPage, head, channel));
    }

    /** The smallest f16 that is not below the value. */
    static float roundUp(float value) {
        short nearest = Float.floatToFloat16(value);
        if (!(Float.float16ToFloat(nearest) < value)) {
            return Float.float16ToFloat(nearest);
        }
        // The next f16 up: away from 0 above it, towards 0 below it.
        return Float.float16ToFloat((short) (nearest >= 0 ? nearest + 1 : nearest - 1));
    }
}
