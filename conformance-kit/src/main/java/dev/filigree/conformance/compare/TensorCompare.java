package dev.filigree.conformance.compare;

import dev.filigree.conformance.problem.TensorData;
import java.util.Arrays;

/** Compares tensors and arrays. */
public final class TensorCompare {
    private TensorCompare() {}

    /**
     * Holds a tensor against the reference's. Elements that the reference left as they were must be left alone,
     * the gaps of strided tensors among them.
     *
     * @param before the bytes before both runs
     * @param expected what the reference left
     * @param actual what the backend left
     * @param tolerance for the elements that the reference wrote
     */
    public static Comparison tensors(TensorData before, TensorData expected, TensorData actual, Tolerance tolerance) {
        if (tolerance.isExact() || !expected.dtype().isFloating()) {
            return bits(expected, actual);
        }
        int span = Math.toIntExact(expected.spanElements());
        int elementBytes = expected.dtype().bits() / 8;
        int[] written = new int[span];
        int count = 0;
        for (int i = 0; i < span; i++) {
            if (!sameElement(before, expected, i, elementBytes)) {
                written[count++] = i;
            } else if (!sameElement(before, actual, i, elementBytes)) {
                // An element may end with the bits it had before; then a value within the tolerance of them is fine.
                written[count++] = i;
            }
        }
        float[] wanted = new float[count];
        float[] found = new float[count];
        for (int i = 0; i < count; i++) {
            wanted[i] = expected.get(written[i]);
            found[i] = actual.get(written[i]);
        }
        int[] places = Arrays.copyOf(written, count);
        return new ArrayCompare(wanted, found, tolerance, i -> expected.decl().ref() + "[" + places[i] + "]").compare();
    }

    /** Holds values against others. */
    public static Comparison values(float[] expected, float[] actual, Tolerance tolerance) {
        return new ArrayCompare(expected, actual, tolerance, Integer::toString).compare();
    }

    /** Asks for equal bytes. */
    public static Comparison bits(TensorData expected, TensorData actual) {
        long at = expected.bytes().mismatch(actual.bytes());
        if (at < 0) {
            return Comparison.equal();
        }
        long element = at * 8 / expected.dtype().bits();
        boolean index = expected.dtype().bits() == 32 && !expected.dtype().isFloating();
        String wanted = index ? Integer.toString(expected.getInt(element)) : Float.toString(expected.get(element));
        String found = index ? Integer.toString(actual.getInt(element)) : Float.toString(actual.get(element));
        return Comparison.failed(expected.decl().ref() + " differs first at byte " + at + ", element " + element
                + ": expected " + wanted + ", found " + found + " (equal bits are asked for)");
    }

    private static boolean sameElement(TensorData a, TensorData b, long element, int bytes) {
        long from = element * bytes;
        return java.lang.foreign.MemorySegment.mismatch(a.bytes(), from, from + bytes, b.bytes(), from, from + bytes)
                < 0;
    }
}
