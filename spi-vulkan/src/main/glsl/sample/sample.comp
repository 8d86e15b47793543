// Draws a token per row: one work group each. Tokens are ordered by (falling logit, rising index), a 64-bit key; the
// ends of topK and topP and the draw itself are each found by bisection over keys, so nothing is sorted. Weights lie
// in scratch, fp64.
//@ tensor logits
//@ tensor temperatures
//@ tensor topKs
//@ tensor topPs
//@ tensor seeds
//@ tensor positions
//@ tensor tokens
//@ address weights
#include "shared/argmax.glsl"

uint row;
uint64_t keyAt(uint i) { return uint64_t(~rising(logits_load(logits_at(row, i, 0u)))) << 32 | i; }
Double weightAt(uint i) { return Double(P.weights + 8 * (uint64_t(row) * P.logits_N1 + i)); }

double massUpTo(uint64_t key) {
    double sum = 0.0lf;
    for (uint i = lane(); i < P.logits_N1; i += LANES) if (keyAt(i) <= key) sum += weightAt(i).v;
    return groupSumDouble(sum);
}

uint countUpTo(uint64_t key) {
    double sum = 0.0lf;
    for (uint i = lane(); i < P.logits_N1; i += LANES) if (keyAt(i) <= key) sum += 1.0lf;
    return uint(groupSumDouble(sum));
}

// The smallest key up to which there are k tokens (what 0), a mass of at least x (1), or a mass above x (2).
uint64_t smallest(uint64_t end, uint what, uint k, double x) {
    uint64_t low = 0, high = end;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        bool reached = what == 0u ? countUpTo(middle) >= k : what == 1u ? massUpTo(middle) >= x : massUpTo(middle) > x;
        if (reached) high = middle; else low = middle + 1;
    }
    return low;
}

double uniformOf(uint64_t seed, int position) {
    uint64_t z = seed + uint64_t(int64_t(position)) * 0x9e3779b97f4a7c15UL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
    z ^= z >> 31;
    z >>= 11;
    return (double(uint(z >> 32)) * 4294967296.0lf + double(uint(z))) * 1.1102230246251565e-16lf;
}

void main() {
    row = groupIndex();
    if (row >= P.logits_N0) return;
    uint best = argmaxOf(row);
    float temperature = temperatures_load(uint64_t(row) * P.temperatures_S0);
    float largest = logits_load(logits_at(row, best, 0u));
    if (temperature == 0.0 || !isFinite(largest)) {
        if (lane() == 0u) tokens_put(uint64_t(row) * P.tokens_S0, int(best));
        return;
    }
    for (uint i = lane(); i < P.logits_N1; i += LANES) {
        float l = logits_load(logits_at(row, i, 0u));
        weightAt(i).v = l == -INFINITY ? 0.0lf : exp64((double(l) - double(largest)) / double(temperature));
    }
    memoryBarrierBuffer();
    barrier();
    uint64_t end = 0xffffffffffffffffUL;
    int topK = topKs_int(uint64_t(row) * P.topKs_S0);
    if (topK > 0 && uint(topK) < P.logits_N1) end = smallest(end, 0u, uint(topK), 0.0lf);
    float topP = topPs_load(uint64_t(row) * P.topPs_S0);
    if (topP < 1.0) end = smallest(end, 1u, 0u, double(topP) * massUpTo(end));
    uint64_t seed = Wide(P.seeds_AT + 8 * uint64_t(row) * P.seeds_S0).v;
    double u = uniformOf(seed, positions_int(uint64_t(row) * P.positions_S0));
    uint64_t key = smallest(end, 2u, 0u, u * massUpTo(end));
    if (lane() == 0u) tokens_put(uint64_t(row) * P.tokens_S0, int(uint(key & 0xffffffffUL)));
}
