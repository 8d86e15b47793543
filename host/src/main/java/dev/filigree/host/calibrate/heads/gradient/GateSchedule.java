package dev.filigree.host.calibrate.heads.gradient;

/**
 * The learning rate over a run: a tenth of the peak, rising to the peak over the first fifth, falling over the last
 * (DuoAttention section 3.1 and the published training script).
 *
 * @param peak highest rate
 * @param numSteps steps of the run
 */
public record GateSchedule(double peak, int numSteps) {

    /** The rate of a step, counted from 0. */
    public double rate(int step) {
        double fifth = numSteps / 5.0;
        double rise = Math.max((step + 1) / fifth, 0.1);
        double fall = Math.max((numSteps - step) / fifth, 0.1);
        return peak * Math.min(1, Math.min(rise, fall));
    }
}
