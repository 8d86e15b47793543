// Sink and recent keys only (StreamingLLM section 3.2): one work group per query row and head. Positions ascend, so
// the keys a query may see are two ranges of rows, found by bisection: work grows with sink + recent.
//@ tensor qPositions
//@ tensor kvPositions
//@ uint sink
//@ uint recent
#include "shared/contiguous.glsl"

int positionOf(int firstKey, int j) {
    return kvPositions_DTYPE == NONE ? j : kvPositions_int(uint64_t(firstKey + j));
}

// The first key of a sequence that stands at the position or after it.
int firstAt(int firstKey, int lk, int position) {
    int low = 0, high = lk;
    while (low < high) {
        int middle = (low + high) / 2;
        if (positionOf(firstKey, middle) < position) low = middle + 1; else high = middle;
    }
    return low;
}

void range(int firstKey, int from, int end, uint slot) {
    for (int first = from; first < end; first += int(LANES)) {
        int count = min(int(LANES), end - first);
        tile(uint(firstKey + first), uint(count), slot, int(lane()) < count);
    }
}

void main() {
    uint heads = P.numServed * P.groupSize;
    uint group = groupIndex();
    uint t = group / heads, i = group % heads;
    if (t >= P.q_N0) return;
    int s = sequenceOf(P.qOffsets_AT, P.qOffsets_N0 - 1u, int(t));
    if (s < 0) return;
    int firstQuery = qOffsets_int(s), lq = qOffsets_int(s + 1) - firstQuery;
    int firstKey = kvOffsets_int(s), lk = kvOffsets_int(s + 1) - firstKey;
    int p = qPositions_DTYPE == NONE ? int(t) - firstQuery + lk - lq : qPositions_int(uint64_t(t));
    uint h = qoHead(i), slot = kvSlot(i / P.groupSize);
    startQuery(t, h);
    int end = firstAt(firstKey, lk, p + 1);
    int sinkEnd = min(end, firstAt(firstKey, lk, int(P.sink)));
    int recentStart = p < int(P.recent) ? 0 : firstAt(firstKey, lk, p - int(P.recent) + 1);
    range(firstKey, 0, sinkEnd, slot);
    range(firstKey, max(sinkEnd, recentStart), end, slot);
    finishQuery(t, h);
}
