// paged_decode over quantized pages: 4- and 8-bit codes, one for keys and one for values (QServe section 5.1 for the format;
// FlashDecoding's split as in paged_decode; readers of at most 8 query heads).
//
// A code is never turned into a number by arithmetic: as the low bits of an f16 it IS code * 2^-24, a subnormal, which tensor
// cores take exactly, so unpacking is one logic operation for two codes. The second nibble of each byte stays where it is and counts 16 times:
// its query channels are scaled by 1/16 before, its output channels after. Scales and zeros never touch a code: a score is
// scale * (q . code - zero * sum(q)); an output is sum(a code) - sum(a zero), with a = p * scale as the tensor cores saw it.
// Queries are rounded to f16 after a power of two has brought their largest to 2^14; so are the weights a, by a running power of two.
//
// Both products are transposed, S^T = K q^T and O^T = V^T P^T: 16 tokens or channels are the rows of m16n8k16, and the 8 columns
// are the query heads, so nothing is spent on empty rows. A tile is BK tokens; lane (r, c) = (lane / 4, lane % 4) holds the tokens
// BK / 8 * r on and the heads 2 c and 2 c + 1: a row's scales are one load, and its softmax needs 3 shuffles a tile.
// O of a tile is summed apart and added with one rounded operation, since tensor cores truncate.
//
// Threads: 128; each warp takes every fourth tile and keeps its own ring of two tiles in shared memory, filled with 16-byte asynchronous
// copies: no barrier in the main loop. Lines of 128 bytes have their 16-byte chunks exchanged by the lane row that reads them: both
// products read without bank conflicts. Tiles are read whole; what a query may not see weighs 0.
// Shared memory: max(4 x 2 x tile, 4 x 16 x headDim x 4 + 512) + 8 x pagesPerSplit. Grid: (numSplits, numGroups, numSeqs).
// __syncthreads: as in paged_decode.
#include "paged_codes.cuh"

namespace {

__device__ __forceinline__ void product(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    F16::product(d, a, b0, b1);
}

/** Running state of the heads 2 c and 2 c + 1: largest score (log base 2), and this lane's share of the sums. */
struct State {
    float max[2], sum[2], zero[2];
    float largestScale;  // of values so far; weights are scaled by weightPower(largestScale)
};

__device__ __forceinline__ float weightPower(float largestScale) {
    return __uint_as_float((127 + 14 + 127 - (__float_as_uint(largestScale) >> 23)) << 23);
}

/** s[t] = scores of the tokens 2 t (0, 1) and 2 t + 1 (2, 3) of this lane's, heads 2 c and 2 c + 1. */
template <int KBITS, int HD, int N>
__device__ __forceinline__ void scoreTile(float (&s)[N][4], const Queries<HD>& q, uint32_t keys) {
    using R = Row<KBITS, HD>;
    constexpr int WORDS = R::BYTES / 16;  // of a token in a lane
    constexpr int LOAD = WORDS < 4 ? WORDS : 4;
    int r = (threadIdx.x & 31) / 4;
    int c = threadIdx.x & 3;
    uint32_t base = keys + r * 2 * N * R::BYTES + ((c * LOAD * 4) ^ turn(r) * 16);
#pragma unroll
    for (int t = 0; t < N; t++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            s[t][i] = 0.f;
        }
        uint32_t first[WORDS], second[WORDS];
#pragma unroll
        for (int part = 0; part < WORDS / LOAD; part++) {
            loadWords<LOAD>(first + part * LOAD, (base + R::line(2 * t)) ^ (R::place(2 * t) + part * 64));
            loadWords<LOAD>(second + part * LOAD, (base + R::line(2 * t + 1)) ^ (R::place(2 * t + 1) + part * 64));
        }
#pragma unroll
        for (int j = 0; j < WORDS; j++) {
            if constexpr (KBITS == 4) {
#pragma unroll
                for (int h = 0; h < 2; h++) {
                    uint32_t x = first[j] >> (8 * h);
                    uint32_t y = second[j] >> (8 * h);
                    uint32_t a[4] = {x & 0x000f000f, y & 0x000f000f, x & 0x00f000f0, y & 0x00f000f0};
                    product(s[t], a, q.b[2 * j + h][0], q.b[2 * j + h][1]);
                }
            } else {
                uint32_t a[4] = {
                    first[j] & 0x00ff00ff, second[j] & 0x00ff00ff, __byte_perm(first[j], 0, 0x4341), __byte_perm(second[j], 0, 0x4341)};
                product(s[t], a, q.b[j][0], q.b[j][1]);
            }
        }
    }
}

/** Turns scores into weights as the second product's columns; the factor that sums so far take. */
template <int HD, int N>
__device__ __forceinline__ void weighTile(
    uint32_t (&weights)[N][2], float (&factor)[2], float (&s)[N][4], State& state, const Queries<HD>& q, uint32_t params, int bk,
    float scaleLog2, uint32_t visible) {
    uint32_t kScale[N], kZero[N], vScale[N], vZero[N];
    loadWords<N>(kScale, params);
    loadWords<N>(kZero, params + 2 * bk);
    loadWords<N>(vScale, params + 4 * bk);
    loadWords<N>(vZero, params + 6 * bk);
    constexpr uint32_t ALL = (1u << 2 * N) - 1;
    bool whole = __all_sync(~0u, visible == ALL);
    float max[2] = {state.max[0], state.max[1]};
#pragma unroll
    for (int t = 0; t < N; t++) {
        if (!whole) {
            // What is not seen may have any scale and zero, NaN too.
            uint32_t mask = ((visible >> 2 * t) & 1 ? 0xffff : 0) | ((visible >> (2 * t + 1)) & 1 ? 0xffff0000 : 0);
            vScale[t] &= mask;
            vZero[t] &= mask;
        }
        float2 scale = halves(kScale[t]);
        float2 zero = halves(kZero[t]);
        scale.x *= scaleLog2;
        scale.y *= scaleLog2;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float value = fmaf(-(i < 2 ? zero.x : zero.y), q.sum[i % 2], s[t][i]) * (i < 2 ? scale.x : scale.y);
            s[t][i] = whole || (visible >> (2 * t + i / 2)) & 1 ? value : -INFINITY;
            max[i % 2] = fmaxf(max[i % 2], s[t][i]);
        }
    }
    __half2 largest = *reinterpret_cast<__half2*>(&vScale[0]);
#pragma unroll
    for (int t = 1; t < N; t++) {
        largest = __hmax2(largest, *reinterpret_cast<__half2*>(&vScale[t]));
    }
    float laneLargest = fmaxf(__low2float(largest), __high2float(largest));
    float before = weightPower(state.largestScale);
    state.largestScale = fmaxf(state.largestScale, __uint_as_float(__reduce_max_sync(~0u, __float_as_uint(laneLargest))));
    float power = weightPower(state.largestScale);
    float base[2];
#pragma unroll
    for (int h = 0; h < 2; h++) {
#pragma unroll
        for (int mask = 4; mask <= 16; mask *= 2) {
            max[h] = fmaxf(max[h], __shfl_xor_sync(~0u, max[h], mask));
        }
        base[h] = max[h] == -INFINITY ? 0.f : max[h];
        factor[h] = exp2Fast(state.max[h] - base[h]);
        state.max[h] = max[h];
        state.sum[h] *= factor[h];
        factor[h] *= power / before;
        state.zero[h] *= factor[h];
    }
#pragma unroll
    for (int t = 0; t < N; t++) {
        float2 scale = halves(vScale[t]);
        float2 zero = halves(vZero[t]);
        scale.x *= power;
        scale.y *= power;
        float p[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            p[i] = exp2Fast(s[t][i] - base[i % 2]);
            state.sum[i % 2] += p[i];
            p[i] *= i < 2 ? scale.x : scale.y;
        }
#pragma unroll
        for (int i = 0; i < 2; i++) {
            uint32_t pair = F16::pack(p[2 * i], p[2 * i + 1]);
            float2 seen = halves(pair);
            float z = i == 0 ? zero.x : zero.y;
            state.zero[0] = fmaf(seen.x, z, state.zero[0]);
            state.zero[1] = fmaf(seen.y, z, state.zero[1]);
            // Heads beside tokens become tokens beside heads.
            asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(weights[t][i]) : "r"(pair));
        }
    }
}

/** o[n] = o[n] * factor + V^T P^T of channels n; see channelOf. */
template <int VBITS, int HD, int N>
__device__ __forceinline__ void addValues(
    float (&o)[HD / 16][4], const float (&factor)[2], const uint32_t (&weights)[N][2], uint32_t values) {
    using R = Row<VBITS, HD>;
    constexpr int TILES = VBITS == 4 ? 4 : 2;  // of two chunks
    int lane = threadIdx.x & 31;
    int r = lane % 8;
    int odd = (lane / 8) & 1;
    uint32_t base = values + r * 2 * N * R::BYTES + odd * R::line(1) + ((odd * R::place(1) + lane / 16 * 16) ^ turn(r) * 16);
#pragma unroll
    for (int h = 0; h < R::CHUNKS; h += 2) {
        float sum[TILES][4] = {};
#pragma unroll
        for (int t = 0; t < N; t++) {
            uint32_t w[4];
            fragments<true>(w, (base + R::line(2 * t)) ^ (R::place(2 * t) + h * 16));
#pragma unroll
            for (int g = 0; g < 2; g++) {
                uint32_t x = w[2 * g];
                uint32_t y = w[2 * g + 1];
                if constexpr (VBITS == 4) {
#pragma unroll
                    for (int i = 0; i < 2; i++) {
                        uint32_t a[4] = {x & 0x000f000f, x & 0x00f000f0, y & 0x000f000f, y & 0x00f000f0};
                        product(sum[2 * g + i], a, weights[t][0], weights[t][1]);
                        x >>= 8;
                        y >>= 8;
                    }
                } else {
                    uint32_t a[4] = {x & 0x00ff00ff, __byte_perm(x, 0, 0x4341), y & 0x00ff00ff, __byte_perm(y, 0, 0x4341)};
                    product(sum[g], a, weights[t][0], weights[t][1]);
                }
            }
        }
#pragma unroll
        for (int n = 0; n < TILES; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                float& value = o[h / 2 * TILES + n][i];
                value = fmaf(value, factor[i % 2], sum[n][i]);
            }
        }
    }
}

/** The channel of o[n][0 and 1], or of o[n][2 and 3]: the next one, whose 4-bit codes count 16 times. */
template <int VBITS>
__device__ __forceinline__ int channelOf(int n, int half) {
    int r = (threadIdx.x & 31) / 4;
    return VBITS == 4 ? 32 * (n / 2) + 4 * r + 2 * (n % 2) + half : 16 * n + 2 * r + half;
}

template <int VBITS, int HD>
__device__ __forceinline__ void writeState(const float (&o)[HD / 16][4], const State& state, float* outs, float* maxes) {
    int lane = threadIdx.x & 31;
    int warp = threadIdx.x / 32;
    int c = lane & 3;
    float power = weightPower(state.largestScale);
#pragma unroll
    for (int h = 0; h < 2; h++) {
        float sum = state.sum[h];
        float zero = state.zero[h];
#pragma unroll
        for (int mask = 4; mask <= 16; mask *= 2) {
            sum += __shfl_xor_sync(~0u, sum, mask);
            zero += __shfl_xor_sync(~0u, zero, mask);
        }
        int row = 2 * c + h;
#pragma unroll
        for (int n = 0; n < HD / 16; n++) {
#pragma unroll
            for (int half = 0; half < 2; half++) {
                float unit = VBITS == 4 && half == 1 ? UNIT / 16 : UNIT;
                outs[(warp * 16 + row) * HD + channelOf<VBITS>(n, half)] = (o[n][2 * half + h] * unit - zero) / power;
            }
        }
        if (lane < 4) {
            maxes[warp * 16 + row] = state.max[h];
            maxes[(WARPS + warp) * 16 + row] = sum;
        }
    }
}

template <class T, int KBITS, int VBITS, int HD, int BK>
__device__ __forceinline__ void decodeToken(const DecodeParams& p, int seq, int token, int length) {
    using L = Tile<KBITS, VBITS, HD, BK>;
    constexpr int N = BK / 16;
    extern __shared__ __align__(128) char smem[];
    constexpr int RINGS = WARPS * STAGES * L::BYTES;
    constexpr int STATES = WARPS * 16 * HD * 4 + 2 * WARPS * 16 * 4;
    int* pageNumbers = reinterpret_cast<int*>(smem + (RINGS > STATES ? RINGS : STATES));
    int* pageIds = pageNumbers + p.pagesPerSplit;
    int split = blockIdx.x;
    DecodeGroup group = p.groups[blockIdx.y];
    PageList list(p, group, seq, length);
    int numPages = stagePages(p, list, seq, split, pageNumbers, pageIds);
    __syncthreads();
    int warp = threadIdx.x / 32;
    int lane = threadIdx.x & 31;
    uint32_t ring = static_cast<uint32_t>(__cvta_generic_to_shared(smem)) + warp * STAGES * L::BYTES;
    int tilesPerPage = p.pageSize / BK;
    int numTiles = numPages * tilesPerPage;
    TilePosition ahead(warp, tilesPerPage);
    TilePosition now = ahead;
    auto fetch = [&](int stage) {
        if (ahead.page < numPages) {
            long vector = static_cast<long>(group.slot) * p.pageSize + ahead.tile * BK;
            fetchTile<KBITS, VBITS, HD, BK>(p, p.pages + pageIds[ahead.page] * p.pageBytes, vector, ring + stage * L::BYTES);
        }
        ahead.next(tilesPerPage);
        asm volatile("cp.async.commit_group;" ::: "memory");
    };
#pragma unroll
    for (int i = 0; i < STAGES - 1; i++) {
        fetch(i);
    }
    Queries<HD> q = loadQueries<T, KBITS, HD>(p, group, token);
    float scaleLog2 = p.scale * LOG2E * q.unit;
    int low = group.streaming ? length - group.recent : 0;
    int sink = group.streaming ? group.sink : 0;
    float o[HD / 16][4] = {};
    State state{{-INFINITY, -INFINITY}, {0.f, 0.f}, {0.f, 0.f}, 0x1p-24f};
    int stage = 0;
    for (int index = warp; index < numTiles; index += WARPS) {
        fetch(stage == 0 ? STAGES - 1 : stage - 1);
        asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 1) : "memory");
        __syncwarp();
        int key = pageNumbers[now.page] * p.pageSize + now.tile * BK;
        now.next(tilesPerPage);
        uint32_t visible = (1u << 2 * N) - 1;
        if (key + BK > length || (key < low && key + BK > sink)) {
            int first = key + lane / 4 * 2 * N;
            visible = 0;
            for (int i = 0; i < 2 * N; i++) {
                int k = first + i;
                visible |= k < length && (k >= low || k < sink) ? 1u << i : 0;
            }
        }
        uint32_t at = ring + stage * L::BYTES;
        float s[N][4];
        uint32_t weights[N][2];
        float factor[2];
        scoreTile<KBITS>(s, q, at);
        weighTile(weights, factor, s, state, q, at + L::PARAMS + lane / 4 * 4 * N, BK, scaleLog2, visible);
        addValues<VBITS, HD>(o, factor, weights, at + L::K_BYTES);
        __syncwarp();
        stage = stage + 1 == STAGES ? 0 : stage + 1;
    }
    asm volatile("cp.async.wait_group 0;" ::: "memory");
    __syncthreads();
    float* outs = reinterpret_cast<float*>(smem);
    float* maxes = outs + WARPS * 16 * HD;
    writeState<VBITS, HD>(o, state, outs, maxes);
    __syncthreads();
    combineWarps<HD>(p, group, outs, maxes, token, split);
}

/** Sequences have one query as a rule; more are worked on one after the other. */
template <class T, int KBITS, int VBITS, int HD, int BK>
__device__ __forceinline__ void decode(const DecodeParams& p) {
    int seq = blockIdx.z;
    if (seq >= p.numSeqs) {
        return;  // the grid is that of the plan's capacity
    }
    int end = p.qOffsets[seq + 1];
    for (int token = p.qOffsets[seq]; token < end; token++) {
        decodeToken<T, KBITS, VBITS, HD, BK>(p, seq, token, p.kvLengths[seq] - (end - 1 - token));
        __syncthreads();
    }
}

}  // namespace

#define DECODE_CODES(NAME, T, KBITS, VBITS, HD, BK)                                                                    \
    extern "C" __global__ void __launch_bounds__(128, 3) paged_decode__##NAME##__hd##HD##_bk##BK(                      \
        const __grid_constant__ DecodeParams p) {                                                                      \
        decode<T, KBITS, VBITS, HD, BK>(p);                                                                            \
    }
#define DECODE_TILES(KV, KBITS, VBITS, HD, BK)                          \
    DECODE_CODES(q_bf16_##KV##_o_bf16, Bf16, KBITS, VBITS, HD, BK)      \
    DECODE_CODES(q_f16_##KV##_o_f16, F16, KBITS, VBITS, HD, BK)

DECODE_TILES(kv_int4, 4, 4, 128, 64)
DECODE_TILES(kv_int4, 4, 4, 128, 32)
DECODE_TILES(kv_int4, 4, 4, 128, 16)
DECODE_TILES(kv_int8, 8, 8, 128, 32)
DECODE_TILES(kv_int8, 8, 8, 128, 16)
DECODE_TILES(k_int8_v_int4, 8, 4, 128, 32)
DECODE_TILES(k_int8_v_int4, 8, 4, 128, 16)
DECODE_TILES(k_int4_v_int8, 4, 8, 128, 32)
DECODE_TILES(k_int4_v_int8, 4, 8, 128, 16)
DECODE_TILES(kv_int4, 4, 4, 64, 64)
DECODE_TILES(kv_int4, 4, 4, 64, 32)
DECODE_TILES(kv_int8, 8, 8, 64, 32)
DECODE_TILES(kv_int8, 8, 8, 64, 16)
