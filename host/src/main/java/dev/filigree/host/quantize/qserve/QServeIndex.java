package dev.filigree.host.quantize.qserve;

/**
 * Where elements lie in tensors of the published layout. Weights are cut into tiles of 32 rows and 32 columns, in each of which
 * the 16 bytes that one lane of a tensor-core instruction reads lie together.
 */
final class QServeIndex {
    /** Both sizes of a 4-bit weight are multiples of this. */
    static final int TILE = 32;

    /** Columns of a group over int8. */
    static final int GROUP = 128;

    private static final int TILE_BYTES = TILE * TILE / 2;
    private static final int LANE_BYTES = 16;

    private QServeIndex() {}

    /** Place of a 4-bit code among all nibbles, the low half of a byte first: rows n and n + 16 share a byte. */
    static int code(int n, int k, int inFeatures) {
        int tile = n / TILE * (inFeatures / TILE) + k / TILE;
        int lane = 4 * (n % 8) + k % 16 / 4;
        int within = 8 * (k % TILE / 16) + 4 * (n % 16 / 8) + k % 4;
        return 2 * (tile * TILE_BYTES + lane * LANE_BYTES + within) + n % TILE / 16;
    }

    /** Place of the scale or zero of a group, stored {@code [numGroups, outFeatures]}: rows 8 apart lie side by side. */
    static int group(int n, int group, int outFeatures) {
        return group * outFeatures + n / TILE * TILE + n % 8 * 4 + n % TILE / 8;
    }
}
