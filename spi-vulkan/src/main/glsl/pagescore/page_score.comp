// Upper bound of a query's score on each page (Quest section 3.2): one thread per sequence, list and page.
//@ tensor q
//@ tensor kvLengths
//@ tensor scores
//@ uint headsPerList
#include "shared/pages.glsl"
#include "shared/heads.glsl"

float bound(uint64_t page, uint logical, uint place, uint s, uint h) {
    uint64_t e = (uint64_t(logical) * P.numPageHeads + place) * P.headDimQk;
    float sum = 0.0;
    for (uint c = 0u; c < P.headDimQk; c++) {
        float x = q_load(q_at(s, h, c));
        float a = x * loadElement(page + P.kMaxOffset, F16, e + c), b = x * loadElement(page + P.kMinOffset, F16, e + c);
        sum += isNan(a) ? a : isNan(b) ? b : max(a, b);
    }
    return sum;
}

void main() {
    uint index = threadIndex();
    uint lists = P.numServed * P.groupSize / P.headsPerList;
    uint page = index % P.scores_N2;
    uint i = index / P.scores_N2 % lists * P.headsPerList, s = index / P.scores_N2 / lists;
    if (s >= P.q_N0) return;
    uint length = uint(kvLengths_int(uint64_t(s)));
    uint first = page * P.pageSize;
    if (first >= length) return;
    uint head = qoHead(i);
    uint64_t address = pageAddress(s, first);
    float best = -INFINITY;
    for (uint h = head; h < head + P.headsPerList; h++) {
        for (uint l = 0u; l < P.pageSize / P.logicalPageSize && first + l * P.logicalPageSize < length; l++) {
            float x = bound(address, l, kvSlot(i / P.groupSize), s, h);
            best = isNan(x) || isNan(best) ? NOT_A_NUMBER : max(best, x);
        }
    }
    scores_store(scores_at(s, head / P.headsPerList, page), best);
}
