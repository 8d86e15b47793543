package dev.filigree.cpu.vector.common;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.vector.convert.Narrow;
import dev.filigree.cpu.vector.convert.Storage;
import dev.filigree.cpu.vector.convert.Widen;
import dev.filigree.cpu.vector.lanes.Memory;
import java.lang.foreign.MemorySegment;

/**
 * The keys or the values of a page: one vector per head and slot, stored as {@link KvPrecision} says (QServe section
 * 5.1), at the offsets of {@link KvPageLayout}. Codes come from fp32 arithmetic, operation by operation, and are equal to
 * the definition's. Holds no state of a call, so workers share it.
 */
public final class PageVectors {
    private final KvPageLayout layout;
    private final KvPrecision precision;
    private final int headDim;
    private final long dataOffset;
    private final long scaleOffset;
    private final long zeroOffset;
    private final long vectorBytes;

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
        vectorBytes = precision.storage().bytes(headDim);
    }

    /** The keys of a layout. */
    public static PageVectors keys(KvPageLayout l) {
        return new PageVectors(l, l.k(), l.headDimQk(), l.kDataOffset(), l.kScaleOffset(), l.kZeroOffset());
    }

    /** The values of a layout. */
    public static PageVectors values(KvPageLayout l) {
        return new PageVectors(l, l.v(), l.headDimVo(), l.vDataOffset(), l.vScaleOffset(), l.vZeroOffset());
    }

    /** Numbers in a vector. */
    public int headDim() {
        return headDim;
    }

    /** How vectors are stored. */
    public KvPrecision precision() {
        return precision;
    }

    /** Bytes from slot to slot. */
    public long vectorBytes() {
        return vectorBytes;
    }

    /** Address of the stored vector of a head and slot. */
    public long address(long page, int head, int slot) {
        return page + dataOffset + layout.param(head, slot) * vectorBytes;
    }

    /** Stores f32 at {@code x} as the vector of a head and slot. */
    public void write(long page, int head, int slot, long x) {
        long target = address(page, head, slot);
        switch (precision) {
            case F32 -> Narrow.copy(Storage.F32, x, target, headDim);
            case F16 -> Narrow.copy(Storage.F16, x, target, headDim);
            case BF16 -> Narrow.copy(Storage.BF16, x, target, headDim);
            case INT8, INT4 -> {
                long param = 2 * layout.param(head, slot);
                quantize(x, target, page + scaleOffset + param, page + zeroOffset + param);
            }
        }
    }

    /** Reads neighbouring slots of a head as f32, {@code stride} bytes from vector to vector. */
    public void read(long page, int head, int slot, int count, long target, long stride) {
        long from = address(page, head, slot);
        switch (precision) {
            case F32 -> widen(Storage.F32, from, count, target, stride);
            case F16 -> widen(Storage.F16, from, count, target, stride);
            case BF16 -> widen(Storage.BF16, from, count, target, stride);
            case INT8, INT4 -> {
                long param = 2 * layout.param(head, slot);
                for (int i = 0; i < count; i++) {
                    float scale = half(page + scaleOffset + param + 2L * i);
                    float zero = half(page + zeroOffset + param + 2L * i);
                    dequantize(from + i * vectorBytes, scale, zero, target + i * stride);
                }
            }
        }
    }

    /** Replaces f32 at {@code x} by what storing and reading it gives; {@code scratch} holds a vector and 8 bytes. */
    public void round(long x, long scratch) {
        switch (precision) {
            case F32 -> {}
            case F16 -> {
                Narrow.copy(Storage.F16, x, scratch, headDim);
                Widen.copy(Storage.F16, scratch, x, headDim);
            }
            case BF16 -> {
                Narrow.copy(Storage.BF16, x, scratch, headDim);
                Widen.copy(Storage.BF16, scratch, x, headDim);
            }
            case INT8, INT4 -> {
                quantize(x, scratch + 8, scratch, scratch + 2);
                dequantize(scratch + 8, half(scratch), half(scratch + 2), x);
            }
        }
    }

    private void widen(Storage storage, long from, int count, long target, long stride) {
        if (stride == 4L * headDim) {
            Widen.copy(storage, from, target, Math.multiplyExact(count, headDim));
            return;
        }
        for (int i = 0; i < count; i++) {
            Widen.copy(storage, from + i * vectorBytes, target + i * stride, headDim);
        }
    }

    private void dequantize(long from, float scale, float zero, long target) {
        if (precision == KvPrecision.INT8) {
            CodeKernels.bytes(from, scale, zero, target, headDim);
        } else {
            CodeKernels.nibbles(from, scale, zero, target, headDim);
        }
    }

    private void quantize(long x, long codes, long scaleAt, long zeroAt) {
        MemorySegment all = Memory.all();
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        for (int c = 0; c < headDim; c++) {
            float v = all.get(JAVA_FLOAT_UNALIGNED, x + 4L * c);
            min = Math.min(min, v);
            max = Math.max(max, v);
        }
        float step = (max - min) / precision.maxCode();
        float scale = HostTensor.rounded(DType.F16, step);
        float zero = HostTensor.rounded(DType.F16, -min / step);
        if (scale == 0 || Float.isInfinite(zero)) { // f16 cannot hold the spread: every channel is their middle
            float middle = (max + min) / 2;
            scale = middle == 0 ? 1 : HostTensor.rounded(DType.F16, Math.abs(middle));
            zero = middle < 0 ? 1 : 0;
            int code = middle > 0 ? 1 : 0;
            int filled = precision == KvPrecision.INT8 ? code : code * 0x11;
            for (long b = 0; b < vectorBytes; b++) {
                all.set(JAVA_BYTE, codes + b, (byte) filled);
            }
        } else {
            CodeKernels.encode(x, scale, zero, precision.maxCode(), codes, headDim);
        }
        all.set(JAVA_SHORT_UNALIGNED, scaleAt, Float.floatToFloat16(scale));
        all.set(JAVA_SHORT_UNALIGNED, zeroAt, Float.floatToFloat16(zero));
    }

    private static float half(long address) {
        return Float.float16ToFloat(Memory.all().get(JAVA_SHORT_UNALIGNED, address));
    }
}
