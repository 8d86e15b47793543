// Work groups count tiles of ROWS queries within each block row, so that a tile has one list of blocks; head by head and from
// the last block row to the first, since later rows have longer lists.
//@ spec CAUSAL
//@ uint blockSize
//@ uint tilesPerBlock
//@ tensor qBlockOffsets
//@ tensor blockCounts
//@ tensor blockIndices
#include "shared/workgroup_causal.glsl"
#include "shared/workgroup_attention.glsl"

int floorDiv(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

void main() {
    uint tiles = P.blockCounts_N0 * P.tilesPerBlock, i = groupIndex() / tiles;
    if (i >= P.numServed * P.groupSize) return;
    uint index = tiles - 1u - groupIndex() % tiles, row = index / P.tilesPerBlock;
    int part = int(index % P.tilesPerBlock), size = int(P.blockSize);
    int s = sequenceOf(P.qBlockOffsets_AT, P.qBlockOffsets_N0 - 1u, int(row));
    if (s < 0) return;
    int lq = qOffsets_int(s + 1) - qOffsets_int(s);
    int firstKey = kvOffsets_int(s), lk = kvOffsets_int(s + 1) - firstKey, past = lk - lq;
    int block = floorDiv(past, size) + int(row) - qBlockOffsets_int(s);
    int from = max(past, block * size + part * int(ROWS));
    int stop = min(lk, min((block + 1) * size, block * size + (part + 1) * int(ROWS)));
    if (from >= stop) return;
    uint firstQuery = uint(qOffsets_int(s) + from - past), end = firstQuery + uint(stop - from);
    uint h = qoHead(i), slot = kvSlot(i / P.groupSize);
    limit = CAUSAL == 1u ? from + 1 : lk;
    step_ = CAUSAL == 1u ? 1 : 0;
    start(firstQuery, end, h, uint(firstKey), uint(lk), slot);
    int count = blockCounts_int(blockCounts_at(row, h, 0u));
    for (int n = 0; n < count; n++) {
        int key = blockIndices_int(blockIndices_at(row, h, uint(n))) * size;
        end_ = min(CAUSAL == 1u ? stop : lk, key + size);
        int all = whole ? min(end_, limit) - int(KEYS) : -1;
        for (; key <= all; key += int(KEYS)) tile(key, false);
        for (; key < end_; key += int(KEYS)) tile(key, true);
    }
    finish(firstQuery, end, h);
}
