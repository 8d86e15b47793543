package dev.filigree.cpu.reference.testing;

import dev.filigree.api.host.HostTensor;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.tensor.DType;
import java.lang.foreign.MemorySegment;

/** Reads cache pages straight from the documented byte layout, without the backend's own readers. */
public record Pages(KvPageLayout layout, byte[] bytes) {

    /** Zero-filled pages. */
    public static byte[] empty(KvPageLayout layout, int numPages) {
        return new byte[(int) (numPages * layout.pageBytes())];
    }

    /** The key of a slot as stored: codes of quantized pages, values of others. */
    public float[] key(int page, int head, int slot) {
        return vector(page, layout.kDataOffset(), layout.k().storage(), head, slot, layout.headDimQk());
    }

    /** The value of a slot as stored. */
    public float[] value(int page, int head, int slot) {
        return vector(page, layout.vDataOffset(), layout.v().storage(), head, slot, layout.headDimVo());
    }

    /** Scale and zero of a key. */
    public float[] keyParams(int page, int head, int slot) {
        return params(page, layout.kScaleOffset(), layout.kZeroOffset(), head, slot);
    }

    /** Scale and zero of a value. */
    public float[] valueParams(int page, int head, int slot) {
        return params(page, layout.vScaleOffset(), layout.vZeroOffset(), head, slot);
    }

    /** The upper bounds of a logical page. */
    public float[] kMax(int page, int logicalPage, int head) {
        return bounds(page, layout.kMaxOffset(), logicalPage, head);
    }

    /** The lower bounds of a logical page. */
    public float[] kMin(int page, int logicalPage, int head) {
        return bounds(page, layout.kMinOffset(), logicalPage, head);
    }

    private float[] vector(int page, long region, DType dtype, int head, int slot, int headDim) {
        float[] row = new float[headDim];
        for (int c = 0; c < headDim; c++) {
            row[c] = load(page, region, dtype, layout.element(head, slot, c, headDim));
        }
        return row;
    }

    private float[] params(int page, long scales, long zeros, int head, int slot) {
        long param = layout.param(head, slot);
        return new float[] {load(page, scales, DType.F16, param), load(page, zeros, DType.F16, param)};
    }

    private float[] bounds(int page, long region, int logicalPage, int head) {
        float[] row = new float[layout.headDimQk()];
        for (int c = 0; c < row.length; c++) {
            row[c] = load(page, region, DType.F16, layout.stat(logicalPage, head, c));
        }
        return row;
    }

    private float load(int page, long region, DType dtype, long element) {
        return HostTensor.load(MemorySegment.ofArray(bytes), page * layout.pageBytes() + region, dtype, element);
    }
}
