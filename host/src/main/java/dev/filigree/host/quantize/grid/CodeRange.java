package dev.filigree.host.quantize.grid;

import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;

/**
 * The numbers that codes of a dtype stand for before any scale.
 *
 * @param codes i4, u4, e2m1 or i8
 */
record CodeRange(DType codes) {

    float lowest() {
        return switch (codes) {
            case I4 -> -7;
            case U4 -> 0;
            case E2M1 -> -Codes.E2M1_MAX;
            default -> -127;
        };
    }

    float largest() {
        return switch (codes) {
            case I4 -> 7;
            case U4 -> 15;
            case E2M1 -> Codes.E2M1_MAX;
            default -> 127;
        };
    }

    /** The number nearest to a value, ties to the even code. */
    float nearest(float value) {
        if (codes == DType.E2M1) {
            return Codes.e2m1ToFloat(Codes.floatToE2m1(value));
        }
        return Rounding.whole(Math.clamp(value, lowest(), largest()));
    }

    /** The code of a number of the range. */
    int code(float number) {
        return codes == DType.E2M1 ? Codes.floatToE2m1(number) : (int) number;
    }
}
