// Prefill attention on matrices of a work group (FlashAttention-2 section 3.1): ROWS queries of a head per work group, KEYS
// keys per tile. Queries, scores, weights and sums stay in matrices, which the driver lays out; row maxima and row sums are
// matrices of which every column is alike. Maxima are in units of log 2. The including shader says what a query sees by
// MASK(s, first), used in tiles that not every query sees whole; the others skip it, and the bounds. Keys from end_ on are seen by
// no query of the tile and are not read, so that a NaN among them reaches nothing.
#include "shared/contiguous_tensors.glsl"
//@ spec DQK
//@ spec DVO
//@ spec KEYS
#include "shared/workgroup_matrices.glsl"

// The lowest finite number stands for "nothing yet", since -inf - -inf is a NaN.
const float LOWEST = -3.4028234e38, LOG2E = 1.44269504, LN2 = 0.693147181;
const uint WIDTH = 16u;

LEFT(DQK) queries;
SUMS(DVO) acc;
SUMS(WIDTH) rowMax;
SUMS(WIDTH) rowSum;
uint64_t keysAt, valuesAt; // of the sequence
uint numKeys;              // of the sequence
bool whole;                // tiles inside a sequence may be read without bounds
float factor;              // from a product to a score, in size
bool negative;             // its sign
uint keyStride, valueStride, dqk, dvo;

float larger(const in float a, const in float b) { return max(a, b); }
float either(const in float a, const in float b) { return a; }
float plus(const in float a, const in float b) { return a + b; }
float risen(const in uint r, const in uint c, const in float a, const in float b) { return max(a * factor, b); }
float weigh(const in uint r, const in uint c, const in float x, const in float m) { return exp2(fma(x, factor, -m)); }
float decay(const in uint r, const in uint c, const in float a, const in float b) { return exp2(a - b); }

float quotient(const in uint r, const in uint c, const in float x, const in float sum) {
    return sum == 0.0 ? 0.0 : x / sum;
}

void start(uint firstQuery, uint end, uint h, uint firstKey, uint count, uint slot) {
    keysAt = P.k_AT + 2 * k_at(firstKey, slot, 0u);
    valuesAt = P.v_AT + 2 * v_at(firstKey, slot, 0u);
    numKeys = count;
    factor = abs(P.scale) * LOG2E;
    negative = P.scale < 0.0;
    keyStride = P.k_S0;
    valueStride = P.v_S0;
    dqk = P.q_N2;
    dvo = P.out_N2;
    whole = DQK == dqk && DVO == dvo && even(keysAt | valuesAt);
    uint64_t at = P.q_AT + 2 * q_at(firstQuery, h, 0u);
    LOAD_ROWS(queries, at, clamped(end - firstQuery, P.q_N2, P.q_S0), 0, ROWS, 0, DQK);
    acc = SUMS(DVO)(0.0);
    rowMax = SUMS(WIDTH)(LOWEST);
    rowSum = SUMS(WIDTH)(0.0);
}

// Takes in KEYS keys from first on. Without an edge all of them exist and every query sees them.
void tile(int first, bool edge) {
    RIGHT(DQK, KEYS) k;
    if (edge) {
        LOAD_TURNED(k, keysAt, clamped(uint(end_), dqk, keyStride), first, KEYS, 0, DQK);
    } else {
        INSIDE all = inside(numKeys, DQK, keyStride);
        coopMatLoadTensorNV(k, Elements(keysAt).v, 0, sliceTensorLayoutNV(all, first, KEYS, 0, DQK), TURNED);
    }
    SUMS(KEYS) s = coopMatMulAdd(queries, k, SUMS(KEYS)(0.0));
    if (negative) s = -s;
    if (edge) MASK(s, first);
    SUMS(WIDTH) largest, next, kept, added;
    coopMatReduceNV(largest, s, gl_CooperativeMatrixReduceRowNV, larger);
    coopMatPerElementNV(next, largest, risen, rowMax);
    coopMatPerElementNV(kept, rowMax, decay, next);
    rowMax = next;
    SUMS(KEYS) nextWide;
    coopMatReduceNV(nextWide, next, gl_CooperativeMatrixReduceRowNV, either);
    coopMatPerElementNV(s, s, weigh, nextWide);
    coopMatReduceNV(added, s, gl_CooperativeMatrixReduceRowNV, plus);
    rowSum = rowSum * kept + added;
    SUMS(DVO) keptWide;
    coopMatReduceNV(keptWide, kept, gl_CooperativeMatrixReduceRowNV, either);
    acc = acc * keptWide;
    if (!ROUNDS_ITSELF) coopMatPerElementNV(s, s, nearest);
    LEFT(KEYS) w = LEFT(KEYS)(s);
    RIGHT(KEYS, DVO) v;
    if (edge) {
        LOAD_ROWS(v, valuesAt, clamped(uint(end_), dvo, valueStride), first, KEYS, 0, DVO);
    } else {
        INSIDE all = inside(numKeys, DVO, valueStride);
        coopMatLoadTensorNV(v, Elements(valuesAt).v, 0, sliceTensorLayoutNV(all, first, KEYS, 0, DVO));
    }
    acc = coopMatMulAdd(w, v, acc);
}

float storeLse(
    const in uint r, const in uint c, const in float sum, const in float largest, const in uint firstQuery, const in uint end,
    const in uint h) {
    if (c == 0u && firstQuery + r < end) {
        float l = isNan(sum) ? NOT_A_NUMBER : sum == 0.0 ? -INFINITY : largest * LN2 + float(log64(double(sum)));
        lse_store(lse_at(firstQuery + r, h, 0u), l);
    }
    return sum;
}

void finish(uint firstQuery, uint end, uint h) {
    SUMS(DVO) sumWide;
    coopMatReduceNV(sumWide, rowSum, gl_CooperativeMatrixReduceRowNV, either);
    coopMatPerElementNV(acc, acc, quotient, sumWide);
    coopMatPerElementNV(rowSum, rowSum, storeLse, rowMax, firstQuery, end, h);
    CLAMPED rows = clamped(end - firstQuery, P.out_N2, P.out_S0);
    if (out_DTYPE == F32) {
        uint64_t at = P.out_AT + 4 * out_at(firstQuery, h, 0u);
        coopMatStoreTensorNV(acc, Reals(at).v, 0, sliceTensorLayoutNV(rows, 0, ROWS, 0, DVO));
    } else {
        uint64_t at = P.out_AT + 2 * out_at(firstQuery, h, 0u);
        if (!ROUNDS_ITSELF) coopMatPerElementNV(acc, acc, nearestEven);
        ROUNDED(DVO) rounded = ROUNDED(DVO)(acc);
        STORE_ROWS(rounded, at, rows, 0, ROWS, 0, DVO);
    }
}
