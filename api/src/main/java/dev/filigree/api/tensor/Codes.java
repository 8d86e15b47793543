package dev.filigree.api.tensor;

/**
 * Conversions between stored codes and floats that Java does not have: bf16, e4m3 and e2m1. Rounding is to nearest,
 * ties to even; f16 is {@link Float#float16ToFloat} and {@link Float#floatToFloat16}.
 */
public final class Codes {

    private static final float[] E2M1 = {0f, 0.5f, 1f, 1.5f, 2f, 3f, 4f, 6f};

    /** Largest finite e4m3 value. */
    public static final float E4M3_MAX = 448f;

    /** Largest e2m1 value. */
    public static final float E2M1_MAX = 6f;

    private Codes() {}

    /** The value of a bf16 code. */
    public static float bf16ToFloat(short code) {
        return Float.intBitsToFloat(code << 16);
    }

    /** The nearest bf16 code; NaN stays NaN. */
    public static short floatToBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /** The value of an e4m3 code (OCP FP8: no infinity, 0x7f and 0xff are NaN). */
    public static float e4m3ToFloat(byte code) {
        int exponent = (code >> 3) & 0xf;
        int mantissa = code & 7;
        float magnitude;
        if (exponent == 0xf && mantissa == 7) {
            magnitude = Float.NaN;
        } else if (exponent == 0) {
            magnitude = mantissa * 0x1p-9f;
        } else {
            magnitude = Math.scalb(1 + mantissa / 8f, exponent - 7);
        }
        return code < 0 ? -magnitude : magnitude;
    }

    /** The nearest e4m3 code; magnitudes above 448 saturate, NaN stays NaN. */
    public static byte floatToE4m3(float value) {
        int sign = Float.floatToRawIntBits(value) >>> 31 << 7;
        float magnitude = Math.abs(value);
        if (Float.isNaN(value)) {
            return (byte) (sign | 0x7f);
        }
        if (magnitude >= E4M3_MAX) {
            return (byte) (sign | 0x7e);
        }
        int exponent = Math.max(Math.getExponent(magnitude), -6);
        // Subnormals share the quantum of exponent -6, so one formula covers both; a carry moves into the exponent.
        int steps = (int) Math.rint(Math.scalb((double) magnitude, 3 - exponent));
        return (byte) (sign | (steps + ((exponent + 6) << 3)));
    }

    /** The value of an e2m1 code in the low four bits. */
    public static float e2m1ToFloat(int code) {
        float magnitude = E2M1[code & 7];
        return (code & 8) == 0 ? magnitude : -magnitude;
    }

    /** The nearest e2m1 code in the low four bits, ties to the even code; magnitudes above 6 saturate. */
    public static int floatToE2m1(float value) {
        float magnitude = Math.abs(value);
        int sign = (Float.floatToRawIntBits(value) >>> 31) << 3;
        int code = 0;
        while (code < 7) {
            float middle = (E2M1[code] + E2M1[code + 1]) / 2;
            boolean stay = (code & 1) == 0 ? magnitude <= middle : magnitude < middle;
            if (stay) {
                break;
            }
            code++;
        }
        return sign | code;
    }
}
