package dev.filigree.api.kvcache;

import dev.filigree.api.tensor.DType;
import java.util.Locale;

/**
 * How keys or values are stored in a page. The integer forms are asymmetric per token and head (QServe section 5.1).
 * Over the channels x of a vector, in fp32 with every operation rounded, so that codes are equal on all backends:
 *
 * <pre>
 * step  = (max - min) / maxCode
 * scale = f16(step)
 * zero  = f16(-min / step)
 * code  = clamp(roundHalfEven(x / scale + zero), 0, maxCode)
 * x'    = scale * (code - zero)
 * </pre>
 *
 * <p>Where scale rounds to 0 or zero to an infinity, as for a constant vector, f16 cannot hold the spread: every
 * channel stores {@code c = (max + min) / 2} with {@code scale = f16(|c|)} and code and zero (1, 0) for c &gt; 0, (0, 1)
 * for c &lt; 0, and scale 1 with (0, 0) for c = 0. A vector with a NaN reads back as NaN; its codes are 0. One beyond
 * the range of f16 reads back as infinities or NaN, never as a wrong finite number.
 */
public enum KvPrecision {
    /** 32-bit float. */
    F32(DType.F32, 0),
    /** 16-bit IEEE float. */
    F16(DType.F16, 0),
    /** bfloat16. */
    BF16(DType.BF16, 0),
    /** 8-bit codes 0 to 255 with an f16 scale and an f16 zero per token and head. */
    INT8(DType.U8, 255),
    /** 4-bit codes 0 to 15 with an f16 scale and an f16 zero per token and head. */
    INT4(DType.U4, 15);

    private final DType storage;
    private final int maxCode;

    KvPrecision(DType storage, int maxCode) {
        this.storage = storage;
        this.maxCode = maxCode;
    }

    /** The dtype of the stored elements. */
    public DType storage() {
        return storage;
    }

    /** Whether a scale and a zero accompany each token and head. */
    public boolean isQuantized() {
        return maxCode > 0;
    }

    /** Largest code, 0 for the float forms. */
    public int maxCode() {
        return maxCode;
    }

    /** The name used in configs. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return id();
    }
}
