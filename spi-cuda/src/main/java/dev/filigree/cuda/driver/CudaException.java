package dev.filigree.cuda.driver;

import dev.filigree.api.backend.BackendException;

/** A driver call failed. */
public final class CudaException extends BackendException {
    private static final long serialVersionUID = 1L;

    /** CUDA_ERROR_OUT_OF_MEMORY. */
    public static final int OUT_OF_MEMORY = 2;

    private final int code;

    CudaException(String call, int code, String name) {
        super(call + " failed with " + name + " (" + code + ")" + advice(code), null);
        this.code = code;
    }

    /** A failure of something that a context was doing, with the driver's failure as its cause. */
    public CudaException(String what, CudaException cause) {
        super(what + ": " + cause.getMessage(), cause);
        this.code = cause.code;
    }

    /** The driver's error code. */
    public int code() {
        return code;
    }

    private static String advice(int code) {
        return switch (code) {
            case 700, 702, 710, 715, 716, 717, 718, 719 ->
                "; the device can do no more work for this process. Run again with backend option synchronous: 1, which"
                        + " names the op";
            default -> "";
        };
    }
}
