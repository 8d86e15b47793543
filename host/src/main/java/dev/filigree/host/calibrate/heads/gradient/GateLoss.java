package dev.filigree.host.calibrate.heads.gradient;

/**
 * What training makes small: the distillation loss plus {@code weight} times the mean absolute gate.
 *
 * @param weight of the L1 term, 0.05 in the paper
 */
public record GateLoss(double weight) {

    /** The L1 term. */
    public double penalty(double[] alpha) {
        double sum = 0;
        for (double a : alpha) {
            sum += Math.abs(a);
        }
        return weight * sum / alpha.length;
    }

    /** Adds the derivative of the L1 term; a gate at 0 has none. */
    public double[] withPenalty(double[] gradient, double[] alpha) {
        double[] total = gradient.clone();
        for (int i = 0; i < alpha.length; i++) {
            total[i] += weight * Math.signum(alpha[i]) / alpha.length;
        }
        return total;
    }
}
