// Estimated mass per block (XAttention section 2.1): one work group per block row and head. For each query stripe of
// the row a first pass finds maximum and sum over the key stripes, lane by stripe; a second adds the probabilities
// lane by key block, so every block has one writer and one order.
//@ spec CAUSAL
//@ spec ALTERNATING
//@ tensor q
//@ tensor k
//@ tensor qOffsets
//@ tensor kvOffsets
//@ tensor qBlockOffsets
//@ tensor blockMass
//@ uint blockSize
//@ uint stride
//@ float factor
#include "shared/heads.glsl"

int floorDiv(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

float score(int i, int j, int firstPosition, int lk, int firstQuery, int firstKey, uint h, uint slot) {
    int stride = int(P.stride);
    int shift = ALTERNATING == 1u ? j & 1 : 0;
    float sum = 0.0;
    for (int r = 0; r < stride && j * stride + r < lk; r++) {
        int position = i * stride + (stride - 1 - r + shift) % stride;
        if (position < firstPosition || position >= lk) continue;
        uint64_t qe = q_at(uint(firstQuery + position - firstPosition), h, 0u);
        uint64_t ke = k_at(uint(firstKey + j * stride + r), slot, 0u);
        for (uint c = 0u; c < P.q_N2; c++) sum = fma(q_load(qe + c), k_load(ke + c), sum);
    }
    return sum * P.factor;
}

void main() {
    uint heads = P.numServed * P.groupSize;
    uint group = groupIndex();
    uint row = group / heads, n = group % heads;
    int s = sequenceOf(P.qBlockOffsets_AT, P.qBlockOffsets_N0 - 1u, int(row));
    if (row >= P.blockMass_N0 || s < 0) return;
    uint h = qoHead(n), slot = kvSlot(n / P.groupSize);
    int firstQuery = qOffsets_int(s), lq = qOffsets_int(s + 1) - firstQuery;
    int firstKey = kvOffsets_int(s), lk = kvOffsets_int(s + 1) - firstKey;
    int stride = int(P.stride), size = int(P.blockSize), perBlock = size / stride;
    int block = floorDiv(lk - lq, size) + int(row) - qBlockOffsets_int(s);
    for (uint c = lane(); c < P.blockMass_N2; c += LANES) blockMass_store(blockMass_at(row, h, c), 0.0);
    for (int i = block * perBlock; i < (block + 1) * perBlock; i++) {
        if ((i + 1) * stride <= lk - lq || i * stride >= lk) continue;
        int numStripes = (lk + stride - 1) / stride;
        int reachable = CAUSAL == 1u ? min(numStripes, i + 1) : numStripes;
        float largest = -INFINITY, sum = 0.0;
        for (int j = int(lane()); j < reachable; j += int(LANES)) {
            float x = score(i, j, lk - lq, lk, firstQuery, firstKey, h, slot);
            float next = max(largest, x);
            sum = isNan(x) ? x : sum * exp32(largest - next) + exp32(x - next);
            largest = isNan(x) ? largest : next;
        }
        float top = groupMax(largest);
        sum = groupSum(largest == -INFINITY && !isNan(sum) ? 0.0 : sum * exp32(largest - top));
        for (uint c = lane(); c < P.blockMass_N2; c += LANES) {
            float mass = 0.0;
            for (int j = int(c) * perBlock; j < min(reachable, (int(c) + 1) * perBlock); j++) {
                mass += exp32(score(i, j, lk - lq, lk, firstQuery, firstKey, h, slot) - top) / sum;
            }
            uint64_t e = blockMass_at(row, h, c);
            blockMass_store(e, blockMass_load(e) + mass);
        }
    }
}
