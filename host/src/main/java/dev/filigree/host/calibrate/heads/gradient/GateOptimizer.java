package dev.filigree.host.calibrate.heads.gradient;

import java.util.Arrays;

/**
 * AdamW without weight decay over the gates, in fp32 (Loshchilov and Hutter 2019, algorithm 2). Gates are clamped to [0, 1]
 * before each gradient, not after each step, so that a stored gate can lie slightly outside.
 */
public final class GateOptimizer {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPS = 1e-8;

    private final float[] gates;
    private final float[] mean;
    private final float[] square;
    private int step;

    private GateOptimizer(float[] gates, float[] mean, float[] square, int step) {
        this.gates = gates.clone();
        this.mean = mean.clone();
        this.square = square.clone();
        this.step = step;
    }

    /** All gates at 1: every head dense. */
    public static GateOptimizer start(int numGates) {
        float[] ones = new float[numGates];
        Arrays.fill(ones, 1);
        return new GateOptimizer(ones, new float[numGates], new float[numGates], 0);
    }

    /**
     * Goes on from a saved state.
     *
     * @throws IllegalArgumentException if the arrays differ in length
     */
    public static GateOptimizer resume(State state) {
        if (state.gates().length != state.mean().length || state.gates().length != state.square().length) {
            throw new IllegalArgumentException("an optimizer state needs three arrays of one length, not "
                    + state.gates().length + ", " + state.mean().length + " and " + state.square().length);
        }
        return new GateOptimizer(state.gates(), state.mean(), state.square(), state.step());
    }

    /**
     * Everything a run goes on from.
     *
     * @param step steps done
     */
    @SuppressWarnings("ArrayRecordComponent") // Compared never; read into fresh arrays.
    public record State(float[] gates, float[] mean, float[] square, int step) {}

    /** The state now. */
    public State state() {
        return new State(gates.clone(), mean.clone(), square.clone(), step);
    }

    /** Steps done. */
    public int step() {
        return step;
    }

    /** Clamps the gates to [0, 1] and returns them. */
    public double[] clamp() {
        double[] clamped = new double[gates.length];
        for (int i = 0; i < gates.length; i++) {
            gates[i] = Math.clamp(gates[i], 0f, 1f);
            clamped[i] = gates[i];
        }
        return clamped;
    }

    /** One step against a gradient. */
    public void update(double[] gradient, double rate) {
        step++;
        double correction1 = 1 - Math.pow(BETA1, step);
        double correction2 = 1 - Math.pow(BETA2, step);
        for (int i = 0; i < gates.length; i++) {
            mean[i] = (float) (BETA1 * mean[i] + (1 - BETA1) * gradient[i]);
            square[i] = (float) (BETA2 * square[i] + (1 - BETA2) * gradient[i] * gradient[i]);
            double direction = mean[i] / correction1 / (Math.sqrt(square[i] / correction2) + EPS);
            gates[i] = (float) (gates[i] - rate * direction);
        }
    }
}
