package dev.filigree.host.calibrate;

/** A calibration cannot run, or a file it was given is not what it should be. */
public final class CalibrationException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /** One sentence with the actual and the accepted values. */
    public CalibrationException(String sentence) {
        super(sentence);
    }
}
