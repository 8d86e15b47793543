package dev.filigree.cuda.launch;

/**
 * What launch choices depend on, without a device in sight.
 *
 * @param ordinal the driver's index
 * @param name for people
 * @param major compute capability
 * @param minor compute capability
 * @param numSms multiprocessors
 * @param sharedBytesPerBlock most shared memory a block can ask for
 * @param memoryBytes all of its memory
 * @param cudaVersion of the driver
 */
public record DeviceTraits(
        int ordinal,
        String name,
        int major,
        int minor,
        int numSms,
        int sharedBytesPerBlock,
        long memoryBytes,
        String cudaVersion) {

    /** The oldest compute capability that kernels are built for. */
    public static final int OLDEST_MAJOR = 8;

    /** Whether kernels run on it. */
    public boolean isSupported() {
        return major >= OLDEST_MAJOR;
    }

    /** Whether kernels for compute capability 9.0 with its own instructions (wgmma, setmaxnreg) run on it. */
    public boolean isHopper() {
        return major == 9 && minor == 0;
    }

    @Override
    public String toString() {
        return name + " (compute capability " + major + "." + minor + ", CUDA " + cudaVersion + ")";
    }
}
