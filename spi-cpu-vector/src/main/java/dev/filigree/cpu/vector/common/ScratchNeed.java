package dev.filigree.cpu.vector.common;

/**
 * Scratch of one step.
 *
 * @param sharedBytes used by all workers together
 * @param workerBytes used by each worker alone
 */
public record ScratchNeed(long sharedBytes, long workerBytes) {
    private static final long ALIGNMENT_BYTES = 256;

    /** No scratch. */
    public static final ScratchNeed NONE = new ScratchNeed(0, 0);

    /** Rounds both up, so that no two workers write to one cache line. */
    public ScratchNeed {
        sharedBytes = align(sharedBytes);
        workerBytes = align(workerBytes);
    }

    /** That many bytes for each worker. */
    public static ScratchNeed perWorker(long bytes) {
        return new ScratchNeed(0, bytes);
    }

    /** That many bytes for all together. */
    public static ScratchNeed shared(long bytes) {
        return new ScratchNeed(bytes, 0);
    }

    /** Bytes for that many workers. */
    public long totalBytes(int numWorkers) {
        return Math.addExact(sharedBytes, Math.multiplyExact(workerBytes, numWorkers));
    }

    private static long align(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    }
}
