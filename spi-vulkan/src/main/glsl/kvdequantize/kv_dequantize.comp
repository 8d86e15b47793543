// Gathers retained rows from the pages, then the current tokens: one work group per output row and KV head.
//@ spec ROUND
//@ tensor kCurrent
//@ tensor vCurrent
//@ tensor qOffsets
//@ tensor pastLengths
//@ tensor kvOffsets
//@ tensor k
//@ tensor v
//@ tensor kvPositions
//@ uint limited
//@ uint sink
//@ uint recent
#include "shared/pages.glsl"
#include "shared/heads.glsl"
#include "shared/quantize.glsl"

void roundVector(uint stored, uint n) {
    barrier();
    if (stored < 3u) {
        for (uint c = lane(); c < n; c += LANES) vec[c] = roundTo(stored, vec[c]);
    } else {
        float maxCode = stored == 3u ? 255.0 : 15.0;
        Codes q = codesOf(n, maxCode);
        for (uint c = lane(); c < n; c += LANES) vec[c] = decoded(q, codeOf(q, vec[c], maxCode));
    }
}

void main() {
    uint group = groupIndex();
    uint row = group / P.numServed, i = group % P.numServed;
    int s = sequenceOf(P.kvOffsets_AT, P.kvOffsets_N0 - 1u, int(row));
    if (row >= P.k_N0 || s < 0) return;
    uint place = kvSlot(i), head = kvHead(i);
    uint past = uint(pastLengths_int(uint64_t(s)));
    uint retained = P.limited == 1u ? min(past, P.sink + P.recent - 1u) : past;
    uint r = row - uint(kvOffsets_int(s));
    uint count = retained + uint(qOffsets_int(s + 1) - qOffsets_int(s));
    if (r >= count) return;
    uint position = r < retained ? (P.limited == 0u || r < P.sink ? r : r + past - retained) : past + (r - retained);
    if (r < retained) {
        uint64_t page = pageAddress(uint(s), position);
        Vector key = keyOf(page, place, position % P.pageSize), value = valueOf(page, place, position % P.pageSize);
        for (uint c = lane(); c < P.headDimQk; c += LANES) k_store(k_at(row, place, c), channel(key, KP >= 3u, c));
        for (uint c = lane(); c < P.headDimVo; c += LANES) v_store(v_at(row, place, c), channel(value, VP >= 3u, c));
    } else {
        uint t = uint(qOffsets_int(s)) + (r - retained);
        for (uint c = lane(); c < P.headDimQk; c += LANES) vec[c] = kCurrent_load(kCurrent_at(t, head, c));
        if (ROUND == 1u) roundVector(KP, P.headDimQk);
        for (uint c = lane(); c < P.headDimQk; c += LANES) k_store(k_at(row, place, c), vec[c]);
        barrier();
        for (uint c = lane(); c < P.headDimVo; c += LANES) vec[c] = vCurrent_load(vCurrent_at(t, head, c));
        if (ROUND == 1u) roundVector(VP, P.headDimVo);
        for (uint c = lane(); c < P.headDimVo; c += LANES) v_store(v_at(row, place, c), vec[c]);
    }
    if (i == 0u && lane() == 0u) kvPositions_put(uint64_t(row), int(position));
}
