// Chosen blocks of keys (XAttention section 2.3): one work group per query row and head walks its block list.
//@ spec CAUSAL
//@ uint blockSize
//@ tensor qBlockOffsets
//@ tensor blockCounts
//@ tensor blockIndices
#include "shared/contiguous.glsl"

int floorDiv(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

void main() {
    uint heads = P.numServed * P.groupSize;
    uint group = groupIndex();
    uint t = group / heads, i = group % heads;
    if (t >= P.q_N0) return;
    int s = sequenceOf(P.qOffsets_AT, P.qOffsets_N0 - 1u, int(t));
    if (s < 0) return;
    int firstQuery = qOffsets_int(s), lq = qOffsets_int(s + 1) - firstQuery;
    int firstKey = kvOffsets_int(s), lk = kvOffsets_int(s + 1) - firstKey;
    int size = int(P.blockSize);
    int p = int(t) - firstQuery + lk - lq;
    uint row = uint(qBlockOffsets_int(s) + floorDiv(p, size) - floorDiv(lk - lq, size));
    uint h = qoHead(i), slot = kvSlot(i / P.groupSize);
    startQuery(t, h);
    int count = blockCounts_int(blockCounts_at(row, h, 0u));
    for (int n = 0; n < count; n++) {
        int start = blockIndices_int(blockIndices_at(row, h, uint(n))) * size;
        int end = min(lk, start + size);
        if (CAUSAL == 1u) end = min(end, p + 1);
        for (int first = start; first < end; first += int(LANES)) {
            int keys = min(int(LANES), end - first);
            tile(uint(firstKey + first), uint(keys), slot, int(lane()) < keys);
        }
    }
    finishQuery(t, h);
}
