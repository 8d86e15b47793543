// Attention over cache pages (vLLM section 4; LServe sections 3.4 and 3.6): one work group per query row and head.
//@ spec STREAMING
//@ spec CHOSEN
//@ tensor q
//@ tensor qOffsets
//@ tensor kvLengths
//@ tensor counts
//@ tensor chosen
//@ tensor slots
//@ tensor out
//@ tensor lse
//@ float scale
//@ uint sink
//@ uint recent
//@ uint headsPerList
#include "shared/pages.glsl"
#include "shared/heads.glsl"
#include "shared/softmax.glsl"

// Positions from .. end - 1 of a sequence, none above the query's own.
void range(uint s, int from, int end, uint slot) {
    for (int first = from; first < end; first += int(LANES)) {
        int count = min(int(LANES), end - first);
        bool sees = int(lane()) < count;
        float score = 0.0;
        if (sees) {
            uint j = uint(first) + lane();
            Vector k = keyOf(pageAddress(s, j), slot, j % P.pageSize);
            for (uint c = 0u; c < P.q_N2; c++) score = fma(query[c], channel(k, KP >= 3u, c), score);
            score *= P.scale;
        }
        weigh(score, sees);
        for (int n = 0; n < count; n++) {
            if (seen[n] == 0u) continue;
            uint j = uint(first + n);
            Vector v = valueOf(pageAddress(s, j), slot, j % P.pageSize);
            for (uint c = lane(); c < P.out_N2; c += LANES) acc[c] = fma(weights[n], channel(v, VP >= 3u, c), acc[c]);
        }
        barrier();
    }
}

void visible(uint s, int from, int end, int p, uint slot) {
    if (STREAMING == 0u) {
        range(s, from, end, slot);
        return;
    }
    int sinkEnd = max(from, min(end, int(P.sink)));
    int recentStart = p < int(P.recent) ? 0 : p - int(P.recent) + 1;
    range(s, from, sinkEnd, slot);
    range(s, max(sinkEnd, recentStart), end, slot);
}

void main() {
    uint heads = P.numServed * P.groupSize;
    uint group = groupIndex();
    uint t = group / heads, i = group % heads;
    if (t >= P.q_N0) return;
    int s = sequenceOf(P.qOffsets_AT, P.qOffsets_N0 - 1u, int(t));
    if (s < 0) return;
    int p = kvLengths_int(uint64_t(s)) - (qOffsets_int(s + 1) - int(t));
    uint h = qoHead(i), slot = kvSlot(i / P.groupSize);
    startQuery(t, h);
    if (CHOSEN == 0u) {
        visible(uint(s), 0, p + 1, p, slot);
    } else {
        uint row = uint(slots_int(uint64_t(s))), list = h / P.headsPerList;
        int count = counts_int(counts_at(row, list, 0u));
        for (int n = 0; n < count; n++) {
            int start = chosen_int(chosen_at(row, list, uint(n))) * int(P.pageSize);
            visible(uint(s), start, min(p + 1, start + int(P.pageSize)), p, slot);
        }
    }
    finishQuery(t, h);
}
