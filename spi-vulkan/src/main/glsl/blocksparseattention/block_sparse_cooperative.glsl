// Work groups count tiles of 64 queries within each block row, so that a tile has one list of blocks.
//@ spec CAUSAL
//@ uint blockSize
//@ uint tilesPerBlock
//@ tensor qBlockOffsets
//@ tensor blockCounts
//@ tensor blockIndices
#include "shared/cooperative_attention.glsl"

int floorDiv(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

void main() {
    uint heads = P.numServed * P.groupSize;
    uint i = groupIndex() % heads, row = groupIndex() / heads / P.tilesPerBlock;
    int part = int(groupIndex() / heads % P.tilesPerBlock), size = int(P.blockSize);
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
    start(firstQuery, end, h);
    int count = blockCounts_int(blockCounts_at(row, h, 0u));
    for (int n = 0; n < count; n++) {
        int first = blockIndices_int(blockIndices_at(row, h, uint(n))) * size, last = min(lk, first + size);
        if (CAUSAL == 1u) last = min(last, stop);
        for (int key = first; key < last; key += int(KEYS)) {
            int keys = min(int(KEYS), last - key);
            tile(firstKey + key, keys, slot, CAUSAL == 1u ? from + 1 - key : keys, CAUSAL == 1u ? 1 : 0);
        }
    }
    finish(firstQuery, end, h);
}
