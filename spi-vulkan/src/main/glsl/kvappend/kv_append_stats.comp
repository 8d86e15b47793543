// Statistics of what kv_append stored: one work group per token and head; the first token of this call in a logical
// page takes in all of its tokens, in order, as they read back.
//@ tensor k
//@ tensor qOffsets
//@ tensor positions
#include "shared/pages.glsl"
#include "shared/heads.glsl"
#include "shared/stats.glsl"

void main() {
    uint group = groupIndex();
    uint t = group / P.numServed, i = group % P.numServed;
    int s = sequenceOf(P.qOffsets_AT, P.qOffsets_N0 - 1u, int(t));
    if (t >= P.k_N0 || s < 0) return;
    uint position = uint(positions_int(uint64_t(t)));
    if (int(t) != qOffsets_int(s) && position % P.logicalPageSize != 0u) return;
    uint last = position + uint(qOffsets_int(s + 1)) - 1u - t;
    uint start = position / P.logicalPageSize * P.logicalPageSize;
    // A later page of the ring began this logical page anew; its own first token takes care of it.
    if (P.ringPages > 0u && position / P.pageSize >= P.sinkPages && start + P.ringPages * P.pageSize <= last) return;
    uint stop = min(last + 1u, start + P.logicalPageSize);
    includeKeys(pageAddress(uint(s), position), kvSlot(i), position % P.pageSize, position % P.pageSize + stop - position);
}
