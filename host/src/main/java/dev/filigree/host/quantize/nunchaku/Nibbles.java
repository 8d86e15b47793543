package dev.filigree.host.quantize.nunchaku;

import dev.filigree.api.tensor.Codes;
import dev.filigree.api.tensor.DType;

/** Codes of 4 bits, two in a byte, the first in the low half. */
final class Nibbles {
    private Nibbles() {}

    /** The bits of a number that a code stands for. */
    static byte code(DType codes, float value) {
        return (byte) ((codes == DType.E2M1 ? Codes.floatToE2m1(value) : (int) value) & 15);
    }

    /** A nibble as tensors of that dtype take it: integers with their sign. */
    static byte signed(DType codes, byte nibble) {
        return (byte) (codes == DType.I4 ? (nibble << 28) >> 28 : nibble);
    }

    static byte[] pack(byte[] nibbles) {
        byte[] bytes = new byte[nibbles.length / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) ((nibbles[2 * i] & 15) | (nibbles[2 * i + 1] << 4));
        }
        return bytes;
    }

    static byte[] unpack(byte[] bytes) {
        byte[] nibbles = new byte[bytes.length * 2];
        for (int i = 0; i < bytes.length; i++) {
            nibbles[2 * i] = (byte) (bytes[i] & 15);
            nibbles[2 * i + 1] = (byte) ((bytes[i] >> 4) & 15);
        }
        return nibbles;
    }
}
