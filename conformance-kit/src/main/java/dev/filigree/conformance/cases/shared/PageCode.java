package dev.filigree.conformance.cases.shared;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The bytes of a page, written and read as {@link KvPageLayout} and {@link KvPrecision} say, for any backend. */
public final class PageCode {
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

    private final KvPageLayout layout;
    private final MemorySegment pool;

    /** Pages of a layout in a pool. */
    public PageCode(KvPageLayout layout, MemorySegment pool) {
        this.layout = layout;
        this.pool = pool;
    }

    /** Stores a key and its statistics. */
    public void putKey(int page, int head, int slot, float[] vector) {
        put(page, head, slot, vector, layout.k(), layout.kDataOffset(), layout.kScaleOffset(), layout.kZeroOffset());
        if (layout.hasStats()) {
            widen(page, head, slot, key(page, head, slot));
        }
    }

    /** Stores a value. */
    public void putValue(int page, int head, int slot, float[] vector) {
        put(page, head, slot, vector, layout.v(), layout.vDataOffset(), layout.vScaleOffset(), layout.vZeroOffset());
    }

    /** Reads a key back. */
    public float[] key(int page, int head, int slot) {
        return get(
                page,
                head,
                slot,
                layout.headDimQk(),
                layout.k(),
                layout.kDataOffset(),
                layout.kScaleOffset(),
                layout.kZeroOffset());
    }

    /** Reads a value back. */
    public float[] value(int page, int head, int slot) {
        return get(
                page,
                head,
                slot,
                layout.headDimVo(),
                layout.v(),
                layout.vDataOffset(),
                layout.vScaleOffset(),
                layout.vZeroOffset());
    }

    /** An upper bound of a logical page. */
    public float max(int page, int head, int logicalPage, int channel) {
        return half(page * layout.pageBytes() + layout.kMaxOffset() + 2 * layout.stat(logicalPage, head, channel));
    }

    /** A lower bound of a logical page. */
    public float min(int page, int head, int logicalPage, int channel) {
        return half(page * layout.pageBytes() + layout.kMinOffset() + 2 * layout.stat(logicalPage, head, channel));
    }

    private void put(int page, int head, int slot, float[] x, KvPrecision form, long data, long scales, long zeros) {
        long base = page * layout.pageBytes();
        float scale = 1;
        float zero = 0;
        int constantCode = -1;
        if (form.isQuantized()) {
            float max = Float.NEGATIVE_INFINITY;
            float min = Float.POSITIVE_INFINITY;
            for (float value : x) {
                max = Math.max(max, value);
                min = Math.min(min, value);
            }
            float step = (max - min) / form.maxCode();
            scale = f16(step);
            zero = f16(-min / step);
            if (scale == 0 || !Float.isFinite(zero)) {
                float c = (max + min) / 2;
                scale = c == 0 ? 1 : f16(Math.abs(c));
                zero = c < 0 ? 1 : 0;
                constantCode = c > 0 ? 1 : 0;
            }
            long param = 2 * layout.param(head, slot);
            pool.set(I16, base + scales + param, Float.floatToFloat16(scale));
            pool.set(I16, base + zeros + param, Float.floatToFloat16(zero));
        }
        for (int c = 0; c < x.length; c++) {
            long element = layout.element(head, slot, c, x.length);
            if (form.isQuantized()) {
                int code = constantCode >= 0
                        ? constantCode
                        : (int) Math.clamp(Math.rint((double) (x[c] / scale + zero)), 0, form.maxCode());
                HostTensor.storeInt(pool, base + data, form.storage(), element, code);
            } else {
                HostTensor.store(pool, base + data, form.storage(), element, x[c]);
            }
        }
    }

    private float[] get(int page, int head, int slot, int dim, KvPrecision form, long data, long scales, long zeros) {
        long base = page * layout.pageBytes();
        long param = 2 * layout.param(head, slot);
        float[] x = new float[dim];
        for (int c = 0; c < dim; c++) {
            x[c] = HostTensor.load(pool, base + data, form.storage(), layout.element(head, slot, c, dim));
            if (form.isQuantized()) {
                x[c] = half(base + scales + param) * (x[c] - half(base + zeros + param));
            }
        }
        return x;
    }

    private void widen(int page, int head, int slot, float[] key) {
        long base = page * layout.pageBytes();
        int logicalPage = slot / layout.logicalPageSize();
        boolean first = slot % layout.logicalPageSize() == 0;
        for (int c = 0; c < key.length; c++) {
            long entry = 2 * layout.stat(logicalPage, head, c);
            float upper = first ? key[c] : Math.max(key[c], half(base + layout.kMaxOffset() + entry));
            float lower = first ? key[c] : Math.min(key[c], half(base + layout.kMinOffset() + entry));
            pool.set(I16, base + layout.kMaxOffset() + entry, Float.floatToFloat16(ceil(upper)));
            pool.set(I16, base + layout.kMinOffset() + entry, Float.floatToFloat16(-ceil(-lower)));
        }
    }

    /** The smallest f16 that is not below a value. */
    public static float ceil(float value) {
        float rounded = f16(value);
        if (rounded >= value) {
            return rounded;
        }
        short code = Float.floatToFloat16(rounded);
        if (rounded == 0) {
            return Float.float16ToFloat((short) 1);
        }
        return Float.float16ToFloat((short) (rounded > 0 ? code + 1 : code - 1));
    }

    private static float f16(float value) {
        return AttentionData.round(value, DType.F16);
    }

    private float half(long offset) {
        return Float.float16ToFloat(pool.get(I16, offset));
    }
}
