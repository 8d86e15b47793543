package dev.filigree.cuda.driver;

import jcuda.driver.CUresult;

/** Turns the driver's return codes into exceptions. */
final class Check {
    private Check() {}

    /** Throws unless the call succeeded. */
    static void ok(int code, String call) {
        if (code != CUresult.CUDA_SUCCESS) {
            throw new CudaException(call, code, CUresult.stringFor(code));
        }
    }
}
