// Work groups count tiles of ROWS queries, head by head and from the last tile to the first, so that those with the most keys
// start first and neighbours read the same keys. Each sequence begins a tile of its own.
//@ spec CAUSAL
#include "shared/workgroup_causal.glsl"
#include "shared/workgroup_attention.glsl"

void main() {
    uint numSeqs = P.qOffsets_N0 - 1u, tiles = (P.q_N0 + ROWS - 1u) / ROWS + numSeqs - 1u;
    uint i = groupIndex() / tiles, s = 0u;
    int index = int(tiles - 1u - groupIndex() % tiles), lq = 0;
    if (i >= P.numServed * P.groupSize) return;
    for (; s < numSeqs; s++) {
        lq = qOffsets_int(s + 1u) - qOffsets_int(s);
        int own = (lq + int(ROWS) - 1) / int(ROWS);
        if (index < own) break;
        index -= own;
    }
    if (s == numSeqs) return;
    int first = index * int(ROWS), firstKey = kvOffsets_int(s), lk = kvOffsets_int(s + 1u) - firstKey;
    uint firstQuery = uint(qOffsets_int(s) + first), end = uint(qOffsets_int(s + 1u));
    uint h = qoHead(i), slot = kvSlot(i / P.groupSize);
    limit = CAUSAL == 1u ? first + lk - lq + 1 : lk;
    step_ = CAUSAL == 1u ? 1 : 0;
    end_ = min(lk, limit + step_ * (min(lq - first, int(ROWS)) - 1));
    start(firstQuery, end, h, uint(firstKey), uint(lk), slot);
    int all = whole ? max(0, min(lk, limit)) / int(KEYS) * int(KEYS) : 0, key = 0;
    for (; key < all; key += int(KEYS)) tile(key, false);
    for (; key < end_; key += int(KEYS)) tile(key, true);
    finish(firstQuery, end, h);
}
