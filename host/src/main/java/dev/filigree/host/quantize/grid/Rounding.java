package dev.filigree.host.quantize.grid;

import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;

/** Rounding to stored numbers, as ops do it. */
public final class Rounding {
    /** Added and taken away again it rounds a number below 2^22 to the nearest whole one, ties to even. */
    private static final float WHOLE = 0x1.8p23f;

    private Rounding() {}

    /** The nearest number of a dtype. */
    public static float to(DType dtype, float value) {
        return switch (dtype) {
            case F32 -> value;
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
            case BF16 -> Codes.bf16ToFloat(Codes.floatToBf16(value));
            case E4M3 -> Codes.e4m3ToFloat(Codes.floatToE4m3(value));
            default -> throw new IllegalArgumentException("numbers are stored as f32, f16, bf16 or e4m3, not " + dtype);
        };
    }

    /** A scale as stored; one that would be 0 is 1. */
    public static float scale(DType dtype, float value) {
        float stored = to(dtype, value);
        return stored == 0 ? 1 : stored;
    }

    /** The nearest whole number, ties to even. */
    static float whole(float value) {
        return value + WHOLE - WHOLE;
    }

    /** Rounds every number in place. */
    public static float[] all(DType dtype, float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = to(dtype, values[i]);
        }
        return values;
    }
}
