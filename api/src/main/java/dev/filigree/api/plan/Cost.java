package dev.filigree.api.plan;

/**
 * What an op costs on paper. Data-dependent work (chosen blocks, chosen pages) is counted at the density the caller
 * expects.
 *
 * @param flops floating-point operations, a multiply-add counted as two
 * @param bytesRead bytes read once each
 * @param bytesWritten bytes written once each
 */
public record Cost(double flops, double bytesRead, double bytesWritten) {

    /** No work at all. */
    public static final Cost NONE = new Cost(0, 0, 0);

    /** Both, one after the other. */
    public Cost plus(Cost other) {
        return new Cost(flops + other.flops, bytesRead + other.bytesRead, bytesWritten + other.bytesWritten);
    }
}
