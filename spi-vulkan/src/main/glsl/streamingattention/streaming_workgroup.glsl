// Sink and recent keys only (StreamingLLM section 3.2). Work groups count tiles of ROWS queries as in dense attention. Positions
// ascend, so the keys that a tile of queries may see are two ranges of rows, found by bisection.
//@ tensor qPositions
//@ tensor kvPositions
//@ uint sink
//@ uint recent
int firstKey_, firstPosition, end_;

int keyPosition(int j) { return kvPositions_DTYPE == NONE ? j : kvPositions_int(uint64_t(firstKey_ + j)); }

float seen(const in uint r, const in uint c, const in float x, const in int first, const in uint query, const in uint end) {
    int key = first + int(c);
    if (key >= end_ || query + r >= end) return -INFINITY;
    int at = keyPosition(key);
    int p = qPositions_DTYPE == NONE ? firstPosition + int(r) : qPositions_int(uint64_t(query + r));
    return at <= p && (at < int(P.sink) || at > p - int(P.recent)) ? x : -INFINITY;
}

uint query_, queryEnd;
#define MASK(s, first) coopMatPerElementNV(s, s, seen, first, query_, queryEnd)
#include "shared/workgroup_attention.glsl"

// The first key of the sequence that stands at the position or after it.
int firstAt(int lk, int position) {
    int low = 0, high = lk;
    while (low < high) {
        int middle = (low + high) / 2;
        if (keyPosition(middle) < position) low = middle + 1; else high = middle;
    }
    return low;
}

// Keys from .. end - 1, of which every query sees those in all .. allEnd - 1.
void range(int from, int end, int all, int allEnd) {
    end_ = end;
    for (int key = from; key < end; key += int(KEYS)) {
        if (whole && key >= all && key + int(KEYS) <= allEnd) tile(key, false); else tile(key, true);
    }
}

void main() {
    uint numSeqs = P.qOffsets_N0 - 1u, tiles = (P.q_N0 + ROWS - 1u) / ROWS + numSeqs - 1u;
    uint i = groupIndex() / tiles, s = 0u;
    int index = int(groupIndex() % tiles), lq = 0;
    if (i >= P.numServed * P.groupSize) return;
    for (; s < numSeqs; s++) {
        lq = qOffsets_int(s + 1u) - qOffsets_int(s);
        int own = (lq + int(ROWS) - 1) / int(ROWS);
        if (index < own) break;
        index -= own;
    }
    if (s == numSeqs) return;
    int first = index * int(ROWS), lk = kvOffsets_int(s + 1u) - kvOffsets_int(s);
    firstKey_ = kvOffsets_int(s);
    query_ = uint(qOffsets_int(s) + first);
    queryEnd = min(uint(qOffsets_int(s + 1u)), query_ + ROWS);
    firstPosition = first + lk - lq;
    int low = firstPosition, high = firstPosition + int(queryEnd - query_) - 1;
    if (qPositions_DTYPE != NONE) {
        low = qPositions_int(uint64_t(query_));
        high = qPositions_int(uint64_t(queryEnd - 1u));
    }
    uint h = qoHead(i), slot = kvSlot(i / P.groupSize);
    start(query_, queryEnd, h, uint(firstKey_), uint(lk), slot);
    int end = firstAt(lk, high + 1), endOfLow = firstAt(lk, low + 1);
    int sinkEnd = min(end, firstAt(lk, int(P.sink)));
    int recentStart = low < int(P.recent) ? 0 : firstAt(lk, low - int(P.recent) + 1);
    int recentOfHigh = high < int(P.recent) ? 0 : firstAt(lk, high - int(P.recent) + 1);
    range(0, sinkEnd, 0, min(sinkEnd, endOfLow));
    range(max(sinkEnd, recentStart), end, recentOfHigh, endOfLow);
    finish(query_, queryEnd, h);
}
