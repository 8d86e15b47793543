// Exact attention (Vaswani et al. 2017, section 3.2.1): one work group per query row and head.
//@ spec CAUSAL
#include "shared/contiguous.glsl"

void main() {
    uint heads = P.numServed * P.groupSize;
    uint group = groupIndex();
    uint t = group / heads, i = group % heads;
    if (t >= P.q_N0) return;
    int s = sequenceOf(P.qOffsets_AT, P.qOffsets_N0 - 1u, int(t));
    if (s < 0) return;
    int firstQuery = qOffsets_int(s), lq = qOffsets_int(s + 1) - firstQuery;
    int firstKey = kvOffsets_int(s), lk = kvOffsets_int(s + 1) - firstKey;
    int last = CAUSAL == 1u ? min(lk - 1, int(t) - firstQuery + lk - lq) : lk - 1;
    uint h = qoHead(i), slot = kvSlot(i / P.groupSize);
    startQuery(t, h);
    for (int first = 0; first <= last; first += int(LANES)) {
        int count = min(int(LANES), last - first + 1);
        tile(uint(firstKey + first), uint(count), slot, int(lane()) < count);
    }
    finishQuery(t, h);
}
