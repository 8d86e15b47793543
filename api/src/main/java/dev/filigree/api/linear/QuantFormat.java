package dev.filigree.api.linear;

import dev.filigree.api.tensor.DType;

/**
 * How a matrix of codes stands for numbers. Codes are {@code [rows, columns]}; each group of {@code groupSize}
 * neighbouring columns of a row shares a scale.
 *
 * <table>
 *   <caption>The forms in use</caption>
 *   <tr><th>codes<th>range<th>scale of a group<th>source
 *   <tr><td>I4<td>-7 to 7<td>absmax / 7<td>SVDQuant section 4.1
 *   <tr><td>U4<td>0 to 15<td>absmax / 15, inputs shifted to be 0 or more<td>SVDQuant, released engine
 *   <tr><td>E2M1<td>-6 to 6<td>absmax / 6, itself e4m3 over an optional tensor scale<td>NVFP4
 *   <tr><td>I8<td>-127 to 127<td>absmax / 127<td>SmoothQuant section 2; QServe section 4.1
 * </table>
 *
 * <p>In fp32 with every operation rounded, so that codes are equal on all backends: {@code scale = round(absmax /
 * maxMagnitude)} to {@code scaleDtype}, then {@code code = clamp(roundHalfEven(x / scale))} with the rounded scale; e2m1
 * takes the nearest code, ties to the even one. A scale that rounds to 0, as that of a group of zeros, is 1 instead. A
 * group with a NaN or an infinity has scale NaN and codes 0.
 *
 * @param codes dtype of the codes
 * @param groupSize columns per scale, 0 for one scale per row
 * @param scaleDtype how scales are stored: f32, f16, bf16 or e4m3
 */
public record QuantFormat(DType codes, int groupSize, DType scaleDtype) {

    /** 4-bit signed integers in groups of 64 (SVDQuant's INT4). */
    public static final QuantFormat INT4_G64 = new QuantFormat(DType.I4, 64, DType.F16);

    /** 4-bit floats in groups of 16 with e4m3 scales (NVFP4). */
    public static final QuantFormat NVFP4 = new QuantFormat(DType.E2M1, 16, DType.E4M3);

    /** 8-bit signed integers, one scale per row. */
    public static final QuantFormat INT8_ROW = new QuantFormat(DType.I8, 0, DType.F32);

    /** Checks the dtypes. */
    public QuantFormat {
        switch (codes) {
            case I4, U4, E2M1, I8 -> {}
            default -> throw new IllegalArgumentException("codes must be i4, u4, e2m1 or i8, not " + codes);
        }
        switch (scaleDtype) {
            case F32, F16, BF16, E4M3 -> {}
            default ->
                throw new IllegalArgumentException("scaleDtype must be f32, f16, bf16 or e4m3, not " + scaleDtype);
        }
        if (groupSize < 0 || (codes.isPacked() && groupSize % 2 != 0)) {
            throw new IllegalArgumentException(
                    "groupSize must be 0 or more and even for 4-bit codes, not " + groupSize);
        }
    }

    /** Largest magnitude of a code's value. */
    public int maxMagnitude() {
        return switch (codes) {
            case I4 -> 7;
            case U4 -> 15;
            case E2M1 -> 6;
            default -> 127;
        };
    }

    /** Scales per row of that many columns; the last group may be partial. */
    public long groups(long columns) {
        return groupSize == 0 ? 1 : (columns + groupSize - 1) / groupSize;
    }

    @Override
    public String toString() {
        return codes + (groupSize == 0 ? "/row" : "/g" + groupSize) + " x " + scaleDtype;
    }
}
