// Sink, newest and the best of the rest (LServe sections 3.4.1 and 3.4.3): one work group per sequence and list.
//@ tensor scores
//@ tensor kvLengths
//@ tensor counts
//@ tensor chosen
//@ tensor slots
//@ uint budgetPages
//@ uint sinkPages
//@ uint pageSize
//@ uint reuseInterval
//@ uint headsPerList
#include "shared/heads.glsl"
#include "shared/chosen.glsl"

uint orderOf(uint s, uint list, uint page) { return rising(scores_load(scores_at(s, list, page))); }

void storeList(uint slot, uint list, uint numPages, bool all) {
    if (lane() != 0u) return;
    uint count = 0u;
    for (uint page = 0u; page < numPages; page++) {
        if (all || isIn(0u, page)) chosen_put(chosen_at(slot, list, count++), int(page));
    }
    counts_put(counts_at(slot, list, 0u), int(count));
}

void choose(uint s, uint list, uint numPages) {
    for (uint w = lane(); w < (numPages + 31u) / 32u; w += LANES) bits[w] = 0u;
    barrier();
    for (uint page = lane(); page < numPages; page += LANES) {
        if (page < P.sinkPages || page == numPages - 1u) include(0u, page);
    }
    barrier();
    for (uint kept = min(P.sinkPages, numPages - 1u) + 1u; kept < P.budgetPages; kept++) {
        uint best = 0u;
        for (uint page = lane(); page < numPages; page += LANES) {
            if (!isIn(0u, page)) best = max(best, orderOf(s, list, page));
        }
        best = groupMaxUint(best);
        uint at = 0u; // the lowest such page, by its distance from the top
        for (uint page = lane(); page < numPages; page += LANES) {
            if (!isIn(0u, page) && orderOf(s, list, page) == best) at = max(at, 0xffffffffu - page);
        }
        at = 0xffffffffu - groupMaxUint(at);
        barrier();
        if (lane() == 0u) include(0u, at);
        barrier();
    }
}

void main() {
    uint lists = P.numServed * P.groupSize / P.headsPerList;
    uint group = groupIndex();
    uint s = group / lists;
    if (s >= P.slots_N0) return;
    uint list = qoHead(group % lists * P.headsPerList) / P.headsPerList;
    uint length = uint(kvLengths_int(uint64_t(s))), numPages = (length + P.pageSize - 1u) / P.pageSize;
    uint slot = uint(slots_int(uint64_t(s)));
    int count = counts_int(counts_at(slot, list, 0u));
    int opened = count == 0 ? -1 : int(numPages) - 1 - chosen_int(chosen_at(slot, list, uint(count - 1)));
    bool canGrow = opened >= 0 && count + opened <= int(P.chosen_N2);
    barrier();
    if (numPages <= P.budgetPages) {
        storeList(slot, list, numPages, true);
    } else if (length % P.reuseInterval == 0u || !canGrow) {
        choose(s, list, numPages);
        storeList(slot, list, numPages, false);
    } else if (lane() == 0u) {
        for (int n = 0; n < opened; n++) {
            chosen_put(chosen_at(slot, list, uint(count + n)), int(numPages) - opened + n);
        }
        counts_put(counts_at(slot, list, 0u), count + opened);
    }
}
