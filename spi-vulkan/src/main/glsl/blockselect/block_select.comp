// The fewest blocks that reach a share of the mass (XAttention section 2.2): one work group per block row and group.
// One lane sums in fp64 and in ascending order; all lanes look for the heaviest block left.
//@ spec CAUSAL
//@ spec MODE
//@ spec KEEP_SINK
//@ spec KEEP_DIAGONAL
//@ tensor blockMass
//@ tensor thresholds
//@ tensor qOffsets
//@ tensor kvOffsets
//@ tensor qBlockOffsets
//@ tensor blockCounts
//@ tensor blockIndices
//@ uint blockSize
#include "shared/heads.glsl"
#include "shared/chosen.glsl"

const uint QUERY_HEAD = 0u, UNION = 1u, MEAN = 2u, MAJORITY = 3u;
shared double totals[128];
shared double best[256];
shared uint bestAt[256];
shared double sums[2];
uint row, reachable, words;
int sink, diagonal;

int floorDiv(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
bool isMandatory(uint c) { return int(c) == sink || int(c) == diagonal; }
double one(uint h, uint c) { return double(blockMass_load(blockMass_at(row, h, c))); }

// The mass of a block for one head, or for the group together.
double mass(uint head, uint c, bool together) {
    if (!together) return one(head, c);
    double sum = 0.0lf;
    for (uint g = 0u; g < P.groupSize; g++) {
        if (totals[g] != 0.0lf) sum += one(head + g, c) / totals[g] / double(P.groupSize);
    }
    return sum;
}

void choose(uint base, uint head, double threshold, bool together) {
    barrier();
    for (uint w = lane(); w < words; w += LANES) bits[base + w] = 0u;
    barrier();
    if (lane() == 0u) {
        sums[0] = 0.0lf;
        sums[1] = 0.0lf;
        for (uint c = 0u; c < reachable; c++) {
            double m = mass(head, c, together);
            sums[0] += m;
            if (isMandatory(c)) {
                sums[1] += m;
                include(base, c);
            }
        }
    }
    barrier();
    double total = sums[0], taken = sums[1];
    bool everything = !(threshold < 1.0lf) || isNan(float(total)) || isNan(float(threshold));
    if (everything) {
        for (uint c = lane(); c < reachable; c += LANES) include(base, c);
        barrier();
        return;
    }
    while (taken < threshold * total) {
        best[lane()] = -1.0lf;
        bestAt[lane()] = 0xffffffffu;
        for (uint c = lane(); c < reachable; c += LANES) {
            if (isIn(base, c)) continue;
            double m = mass(head, c, together);
            if (bestAt[lane()] == 0xffffffffu || m > best[lane()]) {
                best[lane()] = m;
                bestAt[lane()] = c;
            }
        }
        barrier();
        uint at = 0xffffffffu;
        double heaviest = 0.0lf;
        for (uint l = 0u; l < LANES; l++) {
            if (bestAt[l] == 0xffffffffu) continue;
            if (at == 0xffffffffu || best[l] > heaviest || (best[l] == heaviest && bestAt[l] < at)) {
                at = bestAt[l];
                heaviest = best[l];
            }
        }
        barrier();
        if (at == 0xffffffffu) break;
        if (lane() == 0u) include(base, at);
        taken += heaviest;
        barrier();
    }
}

bool isChosen(uint g, uint c) {
    if (MODE == QUERY_HEAD || MODE == MEAN) return isIn(MODE == MEAN ? 0u : g * words, c);
    uint votes = 0u;
    for (uint i = 0u; i < P.groupSize; i++) votes += isIn(i * words, c) ? 1u : 0u;
    return votes >= (MODE == UNION ? 1u : P.groupSize / 2u + 1u) || isMandatory(c);
}

void main() {
    uint group = groupIndex();
    row = group / P.numServed;
    int s = sequenceOf(P.qBlockOffsets_AT, P.qBlockOffsets_N0 - 1u, int(row));
    if (row >= P.blockMass_N0 || s < 0) return;
    uint head = kvHead(group % P.numServed) * P.groupSize;
    int lq = qOffsets_int(s + 1) - qOffsets_int(s), lk = kvOffsets_int(s + 1) - kvOffsets_int(s);
    int size = int(P.blockSize), numBlocks = (lk + size - 1) / size;
    int at = floorDiv(lk - lq, size) + int(row) - qBlockOffsets_int(s);
    reachable = uint(CAUSAL == 1u ? clamp(at + 1, 0, numBlocks) : numBlocks);
    words = (reachable + 31u) / 32u;
    sink = CAUSAL == 1u || KEEP_SINK == 1u ? 0 : -1;
    diagonal = CAUSAL == 1u || KEEP_DIAGONAL == 1u ? at : -1;
    if (MODE == MEAN) {
        if (lane() == 0u) {
            for (uint g = 0u; g < P.groupSize; g++) {
                double total = 0.0lf;
                for (uint c = 0u; c < reachable; c++) total += one(head + g, c);
                totals[g] = total;
            }
        }
        double threshold = 0.0lf;
        for (uint g = 0u; g < P.groupSize; g++) threshold += double(thresholds_load(uint64_t(head + g)));
        choose(0u, head, threshold / double(P.groupSize), true);
    } else {
        for (uint g = 0u; g < P.groupSize; g++) {
            choose(g * words, head + g, double(thresholds_load(uint64_t(head + g))), false);
        }
    }
    barrier();
    for (uint g = lane(); g < P.groupSize; g += LANES) {
        uint count = 0u;
        for (uint c = 0u; c < reachable; c++) {
            if (isChosen(g, c)) blockIndices_put(blockIndices_at(row, head + g, count++), int(c));
        }
        blockCounts_put(blockCounts_at(row, head + g, 0u), int(count));
    }
}
