// Recomputes statistics from stored keys: one work group per sequence, column of the page table, logical page, head.
//@ tensor fromLengths
//@ tensor kvLengths
#include "shared/pages.glsl"
#include "shared/stats.glsl"

void main() {
    uint group = groupIndex();
    uint head = group % P.numPageHeads;
    group /= P.numPageHeads;
    uint perPage = P.pageSize / P.logicalPageSize;
    uint logical = group % perPage;
    group /= perPage;
    uint column = group % P.pageTable_N1, s = group / P.pageTable_N1;
    if (s >= P.kvLengths_N0) return;
    uint from = uint(fromLengths_int(uint64_t(s))), end = uint(kvLengths_int(uint64_t(s)));
    if (from >= end) return;
    uint lastPage = (end - 1u) / P.pageSize, page = column;
    if (column > lastPage) return;
    if (P.ringPages > 0u && column >= P.sinkPages) {
        // The newest page that shares this column.
        page = lastPage - (lastPage - column) % P.ringPages;
    }
    uint start = page * P.pageSize + logical * P.logicalPageSize;
    if (start >= end || start < from / P.logicalPageSize * P.logicalPageSize) return;
    uint stop = min(end, start + P.logicalPageSize);
    includeKeys(pageAddress(s, start), head, start % P.pageSize, start % P.pageSize + (stop - start));
}
