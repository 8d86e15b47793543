// Work groups count tiles of 64 queries, sequence by sequence, each sequence beginning a tile of its own.
//@ spec CAUSAL
#include "shared/cooperative_attention.glsl"

void main() {
    uint heads = P.numServed * P.groupSize;
    int index = int(groupIndex() / heads);
    uint i = groupIndex() % heads, s = 0u, numSeqs = P.qOffsets_N0 - 1u;
    int lq = 0;
    for (; s < numSeqs; s++) {
        lq = qOffsets_int(s + 1u) - qOffsets_int(s);
        int tiles = (lq + int(ROWS) - 1) / int(ROWS);
        if (index < tiles) break;
        index -= tiles;
    }
    if (s == numSeqs) return;
    int first = index * int(ROWS), firstKey = kvOffsets_int(s), lk = kvOffsets_int(s + 1u) - firstKey;
    uint firstQuery = uint(qOffsets_int(s) + first), end = uint(qOffsets_int(s + 1u));
    uint h = qoHead(i), slot = kvSlot(i / P.groupSize);
    int sees = CAUSAL == 1u ? first + lk - lq + 1 : lk; // keys that the first row sees
    int step = CAUSAL == 1u ? 1 : 0;
    int most = min(lk, sees + step * (min(lq - first, int(ROWS)) - 1));
    start(firstQuery, end, h);
    for (int key = 0; key < most; key += int(KEYS)) {
        tile(firstKey + key, min(int(KEYS), lk - key), slot, sees - key, step);
    }
    finish(firstQuery, end, h);
}
