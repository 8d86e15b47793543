package dev.filigree.conformance.compare;

/**
 * How a result stands to what is expected.
 *
 * @param passed whether it is within the tolerance
 * @param margin share of the tolerance that the worst element or the whole tensor uses; above 1 is a failure
 * @param passRatio share of elements within the tolerance
 * @param message what is wrong, or how close it was
 */
public record Comparison(boolean passed, double margin, double passRatio, String message) {

    static Comparison failed(String message) {
        return new Comparison(false, Double.POSITIVE_INFINITY, 0, message);
    }

    static Comparison equal() {
        return new Comparison(true, 0, 1, "equal");
    }
}
