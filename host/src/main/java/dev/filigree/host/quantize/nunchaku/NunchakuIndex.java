package dev.filigree.host.quantize.nunchaku;

/**
 * Where elements lie in tensors of the published layout, for {@code [outFeatures, inFeatures]} padded to multiples of 128.
 * Rows and columns are cut into the pieces that one tensor-core instruction of the published engine reads.
 */
final class NunchakuIndex {
    /** Both sizes of a weight are multiples of this. */
    static final int TILE = 128;

    /** Columns of one instruction. */
    static final int STEP = 64;

    /** Both sizes of a tile of a low-rank factor. */
    static final int FACTOR_TILE = 16;

    private static final int FACTOR_TILE_VALUES = FACTOR_TILE * FACTOR_TILE;

    private NunchakuIndex() {}

    /** A size rounded up to a multiple. */
    static int padded(int size, int multiple) {
        return Math.ceilDiv(size, multiple) * multiple;
    }

    /** Place of a 4-bit code among all nibbles, the low half of a byte first: 8 codes of a row lie in one word. */
    static int code(int n, int k, int inFeatures) {
        int word = ((n / 128 * (inFeatures / STEP) + k / STEP) * 8 + n % 128 / 16) * 32 + 4 * (n % 8) + k % 32 / 8;
        return (word * 4 + 2 * (n % 16 / 8) + k % STEP / 32) * 8 + k % 8;
    }

    /** Place of a 16-bit scale of 64 columns; with one group, of an element of a bias or of a smoothing vector. */
    static int scale(int n, int group, int numGroups) {
        int x = n % 128 / 16;
        int c = n % 8 / 2;
        return (n / 128 * numGroups + group) * 128 + (4 * x + c) * 4 + 2 * (n % 16 / 8) + n % 2;
    }

    /** Place of an e4m3 scale of 16 columns. */
    static int microScale(int n, int group, int numGroups) {
        int p = n % 128 / 32;
        int b = n % 32 / 8;
        return ((n / 128 * (numGroups / 4) + group / 4) * 32 + 4 * (n % 8) + b) * 16 + 4 * p + group % 4;
    }

    /** Place in the first factor, stored {@code [inFeatures, rank]}. */
    static int down(int rank, int channel, int numRanks) {
        return factor(channel / FACTOR_TILE, rank / FACTOR_TILE, numRanks) + within(rank, channel);
    }

    /** Place in the second factor, stored {@code [outFeatures, rank]}. */
    static int up(int channel, int rank, int numRanks) {
        return factor(channel / FACTOR_TILE, rank / FACTOR_TILE, numRanks) + within(channel, rank);
    }

    private static int factor(int channelTile, int rankTile, int numRanks) {
        return (channelTile * (numRanks / FACTOR_TILE) + rankTile) * FACTOR_TILE_VALUES;
    }

    private static int within(int i, int j) {
        return (4 * (i % 8) + j % 8 / 2) * 8 + 4 * (i % 16 / 8) + 2 * (j % 16 / 8) + j % 2;
    }

    /**
     * Place of a code of a weight under 16-bit activations among all nibbles: of 32 columns, those that are 8 apart share an
     * int16, and four rows take turns every 64 columns.
     */
    static int weightOnlyCode(int n, int k, int inFeatures) {
        int int16 = n / 4 * inFeatures + k / STEP * 64 + n % 4 * 16 + k % STEP / 32 * 8 + k % 8;
        return int16 * 4 + k % 32 / 8;
    }
}
