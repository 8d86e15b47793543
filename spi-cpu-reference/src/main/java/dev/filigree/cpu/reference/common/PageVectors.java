package dev.filigree.cpu.reference.common;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The keys or the values of a page: one vector per head and slot, stored as {@link KvPrecision} says (QServe section
 * 5.1), at the offsets of {@link KvPageLayout}. Arithmetic is fp32, operation by operation, so that codes are equal
 * on every backend.
 */
public final class PageVectors {
    private final KvPageLayout layout;
    private final KvPrecision precision;
    private final int headDim;
    private final long dataOffset;
    private final long scaleOffset;
    private final long zeroOffset;
    private final int[] codes;
    private float scale;
    private float zero;

    private PageVectors(
            KvPageLayout layout,
            KvPrecision precision,
            int headDim,
            long dataOffset,
            long scaleOffset,
            long zeroOffset) {
        this.layout = layout;
        this.precision = precision;
        this.headDim = headDim;
        this.dataOffset = dataOffset;
        this.scaleOffset = scaleOffset;
        this.zeroOffset = zeroOffset;
        this.codes = new int[headDim];
    }

    /** The keys of a layout. */
    public static PageVectors keys(KvPageLayout l) {
        return new PageVectors(l, l.k(), l.headDimQk(), l.kDataOffset(), l.kScaleOffset(), l.kZeroOffset());
    }

    /** The values of a layout. */
    public static PageVectors values(KvPageLayout l) {
        return new PageVectors(l, l.v(), l.headDimVo(), l.vDataOffset(), l.vScaleOffset(), l.vZeroOffset());
    }

    /** Stores a vector; x then holds what {@link #read} returns. */
    public void write(MemorySegment bytes, long pageOffset, int head, int slot, float[] x) {
        round(x);
        long element = layout.element(head, slot, 0, headDim);
        if (!precision.isQuantized()) {
            for (int c = 0; c < headDim; c++) {
                HostTensor.store(bytes, pageOffset + dataOffset, precision.storage(), element + c, x[c]);
            }
            return;
        }
        for (int c = 0; c < headDim; c++) {
            HostTensor.storeInt(bytes, pageOffset + dataOffset, precision.storage(), element + c, codes[c]);
        }
        HostTensor.store(bytes, pageOffset + scaleOffset, DType.F16, layout.param(head, slot), scale);
        HostTensor.store(bytes, pageOffset + zeroOffset, DType.F16, layout.param(head, slot), zero);
    }

    /** Reads a vector. */
    public void read(MemorySegment bytes, long pageOffset, int head, int slot, float[] target) {
        long element = layout.element(head, slot, 0, headDim);
        Rows.read(bytes, pageOffset + dataOffset, precision.storage(), element, target);
        if (precision.isQuantized()) {
            long param = layout.param(head, slot);
            float s = HostTensor.load(bytes, pageOffset + scaleOffset, DType.F16, param);
            float z = HostTensor.load(bytes, pageOffset + zeroOffset, DType.F16, param);
            for (int c = 0; c < headDim; c++) {
                target[c] = s * (target[c] - z);
            }
        }
    }

    /** Replaces a vector by what storing and reading it gives. */
    public void round(float[] x) {
        switch (precision) {
            case F32 -> {}
            case F16, BF16 -> {
                for (int c = 0; c < headDim; c++) {
                    x[c] = HostTensor.rounded(precision.storage(), x[c]);
                }
            }
            case INT8, INT4 -> {
                quantize(x);
                for (int c = 0; c < headDim; c++) {
                    x[c] = scale * (codes[c] - zero);
                }
            }
        }
    }

    private void quantize(float[] x) {
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        for (int c = 0; c < headDim; c++) {
            min = Math.min(min, x[c]);
            max = Math.max(max, x[c]);
        }
        float step = (max - min) / precision.maxCode();
        scale = HostTensor.rounded(DType.F16, step);
        zero = HostTensor.rounded(DType.F16, -min / step);
        if (scale == 0 || Float.isInfinite(zero)) {
            constant((max + min) / 2);
            return;
        }
        for (int c = 0; c < headDim; c++) {
            float code = (float) Math.rint(x[c] / scale + zero);
            codes[c] = (int) Math.clamp(code, 0f, (float) precision.maxCode());
        }
    }

    private void constant(float value) {
        scale = value == 0 ? 1 : HostTensor.rounded(DType.F16, Math.abs(value));
        zero = value < 0 ? 1 : 0;
        Arrays.fill(codes, value > 0 ? 1 : 0);
    }
}
