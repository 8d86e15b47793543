// Prefill attention on cooperative matrices (FlashAttention-2 section 3.1). One work group of 4 subgroups per head and 64
// query rows, 16 of them per subgroup; 32 keys per tile. Scores leave the matrices through shared memory, where a lane can
// see a row: masks and softmax happen there in fp32, and the weights go back as 16-bit fragments.
//
// Shared memory, 37 KiB: keys and values of a tile (17 KiB, before that the queries), scores (9 KiB), weights (5 KiB),
// factors of the rows (1 KiB per subgroup). Barriers: after a tile is loaded, and before the next one
// overwrites it. What a subgroup exchanges with itself is ordered by subgroup barriers.
#include "shared/contiguous_tensors.glsl"
//@ spec DQK
//@ spec DVO
#include "shared/cooperative.glsl"

const uint SUBGROUPS = 4u, ROWS = 64u, KEYS = 32u, MOST = MOST_HEAD_DIM;
const uint STRIDE = MOST / 8u + 1u, SCORES = KEYS + 4u, WEIGHTS = KEYS / 8u + 1u;
shared uvec4 tileK[KEYS * STRIDE];
shared uvec4 tileV[KEYS * STRIDE];
shared float scores[ROWS * SCORES];
shared uvec4 weights[ROWS * WEIGHTS];
shared float factors[SUBGROUPS * F * F];
shared float rowMax[ROWS];
shared float rowSum[ROWS];
shared uint strange; // a value of the tile is not finite

SUMS acc[MOST / F];
LEFT queries[MOST / F];
uint firstRow; // of this subgroup in the tile of queries

// Queries go through the tile of keys, 32 rows at a time.
void loadQueries(uint firstQuery, uint end, uint h) {
    for (uint part = 0u; part < ROWS / KEYS; part++) {
        for (uint i = lane(); i < KEYS * (DQK / 8u); i += LANES) {
            uint row = i / (DQK / 8u), c = i % (DQK / 8u);
            uint t = firstQuery + part * KEYS + row;
            tileK[row * STRIDE + c] = t < end ? eightAt(P.q_AT + 2 * q_at(t, h, 8u * c)) : uvec4(0u);
        }
        barrier();
        if (gl_SubgroupID / 2u == part) {
            UNROLL for (uint d = 0u; d < DQK / F; d++) {
                LOAD_ROWS(queries[d], tileK, gl_SubgroupID % 2u * F * STRIDE + 2u * d, STRIDE);
            }
        }
        barrier();
    }
}

void start(uint firstQuery, uint end, uint h) {
    firstRow = gl_SubgroupID * F;
    loadQueries(firstQuery, end, h);
    UNROLL for (uint d = 0u; d < DVO / F; d++) acc[d] = zeroSums();
    for (uint r = lane(); r < ROWS; r += LANES) {
        rowMax[r] = -INFINITY;
        rowSum[r] = 0.0;
    }
    barrier();
}

bool finiteHalves(uvec4 v) {
    const uint mask = EXPONENT; // of both halves of a word
    UNROLL for (uint i = 0u; i < 4u; i++) {
        uint e = v[i] & mask;
        if ((e & 0xffffu) == (mask & 0xffffu) || (e >> 16) == (mask >> 16)) return false;
    }
    return true;
}

// The tile's keys and values; values that are not finite are left out of the product and added by hand.
void loadTile(int firstKey, int count, uint slot) {
    if (lane() == 0u) strange = 0u;
    barrier();
    for (uint i = lane(); i < KEYS * (DQK / 8u); i += LANES) {
        uint row = i / (DQK / 8u), c = i % (DQK / 8u);
        tileK[row * STRIDE + c] =
            int(row) < count ? eightAt(P.k_AT + 2 * k_at(uint(firstKey) + row, slot, 8u * c)) : uvec4(0u);
    }
    for (uint i = lane(); i < KEYS * (DVO / 8u); i += LANES) {
        uint row = i / (DVO / 8u), c = i % (DVO / 8u);
        uvec4 v = int(row) < count ? eightAt(P.v_AT + 2 * v_at(uint(firstKey) + row, slot, 8u * c)) : uvec4(0u);
        if (!finiteHalves(v)) {
            strange = 1u;
            for (uint w = 0u; w < 4u; w++) {
                if ((v[w] & EXPONENT & 0xffffu) == (EXPONENT & 0xffffu)) v[w] &= 0xffff0000u;
                if ((v[w] & EXPONENT) >> 16 == EXPONENT >> 16) v[w] &= 0xffffu;
            }
        }
        tileV[row * STRIDE + c] = v;
    }
    barrier();
}

// Row r of this subgroup sees keys 0 .. limit - 1 of the tile. Leaves the weights as 16-bit numbers and, in
// a row of factors, the factor on what was summed before.
void softmax(uint r, int limit) {
    uint row = firstRow + r;
    float largest = rowMax[row];
    for (int j = 0; j < limit; j++) {
        float x = scores[row * SCORES + j] * P.scale;
        if (!isNan(x)) largest = max(largest, x);
    }
    bool nothing = largest == -INFINITY;
    float kept = nothing ? 1.0 : exp32(rowMax[row] - largest), sum = 0.0;
    for (uint c = 0u; c < KEYS / 8u; c++) {
        uvec4 packed = uvec4(0u);
        for (uint i = 0u; i < 8u; i++) {
            int j = int(8u * c + i);
            if (j >= limit) continue;
            float x = scores[row * SCORES + j] * P.scale;
            float w = isNan(x) ? NOT_A_NUMBER : nothing ? 0.0 : exp32(x - largest);
            sum += w;
            scores[row * SCORES + j] = w;
            packed[i / 2u] |= CODE(w) << 16u * (i % 2u);
        }
        weights[row * WEIGHTS + c] = packed;
    }
    for (uint c = 0u; c < F; c++) factors[gl_SubgroupID * F * F + r * F + c] = kept;
    rowSum[row] = rowSum[row] * kept + sum;
    rowMax[row] = largest;
}

// Adds what the product left out: weight times value wherever the value is not finite and the key is seen.
void addStrange(uint d, int firstKey, int count, uint slot, int firstLimit, int step) {
    uint base = gl_SubgroupID * F * F;
    subgroupShared();
    for (uint e = gl_SubgroupInvocationID; e < F * F; e += gl_SubgroupSize) {
        uint r = e / F, c = d * F + e % F;
        float sum = 0.0;
        int limit = clamp(firstLimit + step * int(firstRow + r), 0, count);
        for (int j = 0; j < limit; j++) {
            float v = v_load(v_at(uint(firstKey + j), slot, c));
            if (!isFinite(v)) sum += scores[(firstRow + r) * SCORES + j] * v;
        }
        factors[base + e] = sum;
    }
    subgroupShared();
    SUMS extra;
    LOAD_SUMS(extra, factors, base, F);
    acc[d] = added(acc[d], extra);
}

// Takes in keys firstKey .. + count - 1; row r of the work group's queries sees the first firstLimit + step * r of them.
void tile(int firstKey, int count, uint slot, int firstLimit, int step) {
    loadTile(firstKey, count, slot);
    UNROLL for (uint n = 0u; n < KEYS / F; n++) {
        SUMS s = zeroSums();
        UNROLL for (uint d = 0u; d < DQK / F; d++) {
            RIGHT k;
            LOAD_COLUMNS(k, tileK, n * F * STRIDE + 2u * d, STRIDE);
            s = multiplyAdd(queries[d], k, s);
        }
        STORE_SUMS(s, scores, firstRow * SCORES + n * F, SCORES);
    }
    subgroupShared();
    for (uint r = gl_SubgroupInvocationID; r < F; r += gl_SubgroupSize) {
        softmax(r, clamp(firstLimit + step * int(firstRow + r), 0, count));
    }
    subgroupShared();
    SUMS kept;
    LOAD_SUMS(kept, factors, gl_SubgroupID * F * F, F);
    LEFT w[KEYS / F];
    UNROLL for (uint n = 0u; n < KEYS / F; n++) {
        LOAD_ROWS(w[n], weights, firstRow * WEIGHTS + 2u * n, WEIGHTS);
    }
    UNROLL for (uint d = 0u; d < DVO / F; d++) {
        acc[d] = scaled(acc[d], kept);
        UNROLL for (uint n = 0u; n < KEYS / F; n++) {
            RIGHT v;
            LOAD_ROWS(v, tileV, n * F * STRIDE + 2u * d, STRIDE);
            acc[d] = multiplyAdd(w[n], v, acc[d]);
        }
    }
    if (strange != 0u) {
        UNROLL for (uint d = 0u; d < DVO / F; d++) addStrange(d, firstKey, count, slot, firstLimit, step);
    }
    barrier();
}

void finish(uint firstQuery, uint end, uint h) {
    uint base = gl_SubgroupID * F * F;
    UNROLL for (uint d = 0u; d < DVO / F; d++) {
        STORE_SUMS(acc[d], factors, base, F);
        subgroupShared();
        for (uint e = gl_SubgroupInvocationID; e < F * F; e += gl_SubgroupSize) {
            uint row = firstRow + e / F, t = firstQuery + row;
            if (t >= end) continue;
            float sum = rowSum[row];
            bool empty = rowMax[row] == -INFINITY && !isNan(sum);
            out_store(out_at(t, h, d * F + e % F), empty ? 0.0 : isNan(sum) ? NOT_A_NUMBER : factors[base + e] / sum);
        }
        subgroupShared();
    }
    for (uint row = lane(); row < ROWS && firstQuery + row < end; row += LANES) {
        float sum = rowSum[row];
        bool empty = rowMax[row] == -INFINITY && !isNan(sum);
        float l = empty ? -INFINITY : isNan(sum) ? NOT_A_NUMBER : rowMax[row] + float(log64(double(sum)));
        lse_store(lse_at(firstQuery + row, h, 0u), l);
    }
}
