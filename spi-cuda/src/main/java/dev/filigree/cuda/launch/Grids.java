package dev.filigree.cuda.launch;

/**
 * Sizes of grids. Kernels stride over their work, so a grid is as large as the work at full capacity, up to a few blocks per
 * multiprocessor; extents of a run are read on the device.
 */
public final class Grids {
    private static final int BLOCKS_PER_SM = 16;

    private Grids() {}

    /** Blocks for that many items of work, so many items per block at once. */
    public static long blocks(DeviceTraits device, long items, long itemsPerBlock) {
        long wanted = Math.ceilDiv(Math.max(1, items), itemsPerBlock);
        return Math.max(1, Math.min(wanted, (long) BLOCKS_PER_SM * device.numSms()));
    }

    /** Blocks where each has scratch of its own: at most two per multiprocessor. */
    public static long blocksWithScratch(DeviceTraits device, long items) {
        return Math.max(1, Math.min(items, 2L * device.numSms()));
    }

    /** Parts to split the keys of a tile between, so that the tiles fill the device; 1 where they do alone. */
    public static int splits(DeviceTraits device, long tiles, long maxKeys) {
        long wanted = Math.floorDiv(2L * device.numSms(), Math.max(1, tiles));
        long useful = Math.ceilDiv(Math.max(1, maxKeys), 256);
        return (int) Math.max(1, Math.min(64, Math.min(wanted, useful)));
    }
}
