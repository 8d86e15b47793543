// paged_decode over quantized pages: 4- and 8-bit codes, one for keys and one for values (QServe section 5.1 for the format;
// FlashDecoding's split as in paged_decode; head dim 128, readers of at most 8 query heads).
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
// Threads: 128; each warp takes every fourth tile and keeps its own ring of STAGES tiles in shared memory, filled with 16-byte asynchronous
// copies: no barrier in the main loop. Lines of 128 bytes have their 16-byte chunks exchanged by the lane row that reads them: both
// products read without bank conflicts. Tiles are read whole; what a query may not see weighs 0.
// Shared memory: max(4 x STAGES x tile, 4 x 16 x 128 x 4 + 512) + 8 x pagesPerSplit. Grid: (numSplits, numGroups, numSeqs).
// __syncthreads: as in paged_decode.
#include "paged_decode.cuh"

#include <type_traits>

namespace {

constexpr int HD = 128;
#ifndef DECODE_STAGES
#define DECODE_STAGES 2
#endif
#ifndef DECODE_BLOCKS
#define DECODE_BLOCKS 3
#endif
constexpr int STAGES = DECODE_STAGES;

/** Where things lie in a tile of BK tokens with KBITS-bit keys and VBITS-bit values. */
template <int KBITS, int VBITS, int BK>
struct Tile {
    static constexpr int K_ROW = HD * KBITS / 8;
    static constexpr int V_ROW = HD * VBITS / 8;
    static constexpr int K_BYTES = BK * K_ROW;
    static constexpr int V_BYTES = BK * V_ROW;
    static constexpr int PARAMS = K_BYTES + V_BYTES;  // key scales, key zeros, value scales, value zeros
    static constexpr int BYTES = PARAMS + 4 * BK * 2;
};

/** What lane row r exchanges the 16-byte chunks of its lines with. Neighbours differ in bit 2: their 64-byte halves never meet. */
__device__ __forceinline__ int turn(int r) {
    return (r & 1) << 2 | r >> 1;
}

__device__ __forceinline__ void product(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    F16::product(d, a, b0, b1);
}

#ifdef DECODE_BIAS
__device__ __forceinline__ uint32_t unbiased(uint32_t x, uint32_t bias) {
    uint32_t r;
    asm("sub.f16x2 %0, %1, %2;" : "=r"(r) : "r"(x | bias), "r"(bias));
    return r;
}
#define CODES(x) unbiased(x, 0x64006400)
constexpr float UNIT = 1.f;
#else
#define CODES(x) (x)
constexpr float UNIT = 0x1p24f;  // a product's result times this is in codes
#endif

__device__ __forceinline__ uint4 load16(uint32_t address) {
    uint4 v;
    asm volatile("ld.shared.v4.u32 {%0,%1,%2,%3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "r"(address));
    return v;
}

__device__ __forceinline__ float2 halves(uint32_t packed) {
    return __half22float2(*reinterpret_cast<__half2*>(&packed));
}

/** The 16-bit numbers of a lane's tokens as pairs. */
template <int N>
__device__ __forceinline__ void loadParams(uint32_t (&pairs)[N], uint32_t address) {
    if constexpr (N == 4) {
        uint4 v = load16(address);
        pairs[0] = v.x, pairs[1] = v.y, pairs[2] = v.z, pairs[3] = v.w;
    } else if constexpr (N == 2) {
        asm volatile("ld.shared.v2.u32 {%0,%1}, [%2];" : "=r"(pairs[0]), "=r"(pairs[1]) : "r"(address));
    } else {
        asm volatile("ld.shared.u32 %0, [%1];" : "=r"(pairs[0]) : "r"(address));
    }
}

/** Queries of up to 8 heads as columns of the first product; sum: of heads 2 c and 2 c + 1, in the product's unit. */
struct Queries {
    uint32_t b[8][2];
    float sum[2];
    float unit;  // a score in the product's unit times this is in q
};

template <class T>
__device__ __forceinline__ float widen(uint32_t pair, int i) {
    if constexpr (sizeof(T) == sizeof(Bf16) && __is_same(T, Bf16)) {
        return __uint_as_float(i == 0 ? pair << 16 : pair & 0xffff0000);
    } else {
        float2 v = halves(pair);
        return i == 0 ? v.x : v.y;
    }
}

template <class T, int KBITS>
__device__ __forceinline__ Queries loadQueries(const DecodeParams& p, const DecodeGroup& group, int token) {
    int lane = threadIdx.x & 31;
    int r = lane / 4;
    int c = lane & 3;
    uint32_t words[16] = {};
    if (r < p.groupSize) {
        const uint4* row = static_cast<const uint4*>(p.q) + (static_cast<long>(token) * p.numQoHeads + group.firstQoHead + r) * (HD / 8);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            // Channels of 16 bytes of keys: 32 of 4 bits side by side, or twice 16 of 8 bits.
            uint4 v = row[KBITS == 4 ? 4 * c + i : 8 * (i / 2) + 2 * c + i % 2];
            words[4 * i] = v.x, words[4 * i + 1] = v.y, words[4 * i + 2] = v.z, words[4 * i + 3] = v.w;
        }
    }
    float largest = 0.f;
#pragma unroll
    for (int i = 0; i < 16; i++) {
        largest = fmaxf(largest, fmaxf(fabsf(widen<T>(words[i], 0)), fabsf(widen<T>(words[i], 1))));
    }
    int exponent = static_cast<int>(__reduce_max_sync(~0u, __float_as_uint(largest)) >> 23) - 127;
    int shift = max(-90, min(90, 14 - exponent));
    float power = __uint_as_float(static_cast<uint32_t>(127 + shift) << 23);
    auto at = [&](int i) { return widen<T>(words[i / 2], i % 2) * power; };
    Queries q;
    float sum = 0.f;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        if constexpr (KBITS == 4) {
            int first = 8 * (i / 2) + 2 * (i % 2);
            q.b[i][0] = F16::pack(at(first), at(first + 4));
            q.b[i][1] = F16::pack(at(first + 1) * 0.0625f, at(first + 5) * 0.0625f);
        } else {
            q.b[i][0] = F16::pack(at(4 * i), at(4 * i + 2));
            q.b[i][1] = F16::pack(at(4 * i + 1), at(4 * i + 3));
        }
        float2 even = halves(q.b[i][0]);
        float2 odd = halves(q.b[i][1]);
        sum += even.x + even.y + (odd.x + odd.y) * (KBITS == 4 ? 16.f : 1.f);
    }
    sum += __shfl_xor_sync(~0u, sum, 1);
    sum += __shfl_xor_sync(~0u, sum, 2);
    sum *= 1.f / UNIT;
    q.sum[0] = __shfl_sync(~0u, sum, 8 * c);
    q.sum[1] = __shfl_sync(~0u, sum, 8 * c + 4);
    q.unit = UNIT / power;
    return q;
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
template <int KBITS, int N>
__device__ __forceinline__ void scoreTile(float (&s)[N][4], const Queries& q, uint32_t keys) {
    int r = (threadIdx.x & 31) / 4;
    int c = threadIdx.x & 3;
    constexpr int ROW = HD * KBITS / 8;
    uint32_t base = keys + r * 2 * N * ROW + (c ^ turn(r)) * 16;
#pragma unroll
    for (int t = 0; t < N; t++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            s[t][i] = 0.f;
        }
#pragma unroll
        for (int part = 0; part < KBITS / 4; part++) {
            // Of 4 bits, two rows share a line; of 8 bits, a row is a line.
            uint4 first = load16(KBITS == 4 ? base + t * 128 : (base + t * 256) ^ part * 64);
            uint4 second = load16(KBITS == 4 ? (base + t * 128) ^ 64 : (base + t * 256 + 128) ^ part * 64);
            uint32_t even[4] = {first.x, first.y, first.z, first.w};
            uint32_t odd[4] = {second.x, second.y, second.z, second.w};
#pragma unroll
            for (int j = 0; j < 4; j++) {
                if constexpr (KBITS == 4) {
#pragma unroll
                    for (int h = 0; h < 2; h++) {
                        uint32_t x = even[j] >> (8 * h);
                        uint32_t y = odd[j] >> (8 * h);
                        uint32_t a[4] = {CODES(x & 0x000f000f), CODES(y & 0x000f000f), CODES(x & 0x00f000f0), CODES(y & 0x00f000f0)};
                        product(s[t], a, q.b[2 * j + h][0], q.b[2 * j + h][1]);
                    }
                } else {
                    uint32_t a[4] = {CODES(even[j] & 0x00ff00ff), CODES(odd[j] & 0x00ff00ff), CODES(__byte_perm(even[j], 0, 0x4341)),
                                     CODES(__byte_perm(odd[j], 0, 0x4341))};
                    product(s[t], a, q.b[4 * part + j][0], q.b[4 * part + j][1]);
                }
            }
        }
    }
}

/** Turns scores into weights as the second product's columns; the factor that sums so far take. */
template <int N>
__device__ __forceinline__ void weighTile(
    uint32_t (&weights)[N][2], float (&factor)[2], float (&s)[N][4], State& state, const Queries& q, uint32_t params, int bk,
    float scaleLog2, uint32_t visible) {
    uint32_t kScale[N], kZero[N], vScale[N], vZero[N];
    loadParams(kScale, params);
    loadParams(kZero, params + 2 * bk);
    loadParams(vScale, params + 4 * bk);
    loadParams(vZero, params + 6 * bk);
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
template <int VBITS, int N>
__device__ __forceinline__ void addValues(
    float (&o)[8][4], const float (&factor)[2], const uint32_t (&weights)[N][2], uint32_t values) {
    int lane = threadIdx.x & 31;
    int r = lane % 8;
    int odd = (lane / 8) & 1;
    int next = lane / 16;
    constexpr int ROW = HD * VBITS / 8;
    uint32_t base = values + r * 2 * N * ROW + (VBITS == 4 ? ((odd * 4 + next) ^ turn(r)) * 16 : odd * 128 + (next ^ turn(r)) * 16);
#pragma unroll
    for (int h = 0; h < VBITS; h += 2) {
        constexpr int TILES = VBITS == 4 ? 4 : 2;
        float sum[TILES][4] = {};
#pragma unroll
        for (int t = 0; t < N; t++) {
            uint32_t w[4];
            fragments<true>(w, (base + t * (VBITS == 4 ? 128 : 256)) ^ h * 16);
#pragma unroll
            for (int g = 0; g < 2; g++) {
                uint32_t x = w[2 * g];
                uint32_t y = w[2 * g + 1];
                if constexpr (VBITS == 4) {
#pragma unroll
                    for (int i = 0; i < 2; i++) {
                        uint32_t a[4] = {CODES(x & 0x000f000f), CODES(x & 0x00f000f0), CODES(y & 0x000f000f), CODES(y & 0x00f000f0)};
                        product(sum[2 * g + i], a, weights[t][0], weights[t][1]);
                        x >>= 8;
                        y >>= 8;
                    }
                } else {
                    uint32_t a[4] = {CODES(x & 0x00ff00ff), CODES(__byte_perm(x, 0, 0x4341)), CODES(y & 0x00ff00ff), CODES(__byte_perm(y, 0, 0x4341))};
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

template <int BK>
struct TilePosition {
    int page, tile;
    __device__ __forceinline__ TilePosition(int index, int tilesPerPage) : page(index / tilesPerPage), tile(index % tilesPerPage) {}
    __device__ __forceinline__ void next(int tilesPerPage) {
        tile += WARPS;
        while (tile >= tilesPerPage) {
            tile -= tilesPerPage;
            page++;
        }
    }
};

/** 16-byte asynchronous copies of one tile by a warp. */
template <int KBITS, int VBITS, int BK>
__device__ __forceinline__ void fetchTile(const DecodeParams& p, const unsigned char* page, long vector, uint32_t to) {
    using L = Tile<KBITS, VBITS, BK>;
    int lane = threadIdx.x & 31;
    auto copy = [](uint32_t to, const unsigned char* from) {
        asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
    };
    auto codes = [&](uint32_t to, const unsigned char* from, auto bytes, auto row) {
        constexpr int ROW_CHUNKS = decltype(bytes)::value / 16 / 8;  // chunks of one lane row
#pragma unroll
        for (int i = 0; i < (decltype(bytes)::value + 511) / 512; i++) {
            int n = i * 32 + lane;
            if (decltype(bytes)::value >= 512 * (i + 1) || n < decltype(bytes)::value / 16) {
                copy(to + n / 8 * 128 + ((n & 7) ^ turn(n / ROW_CHUNKS)) * 16, from + n * 16);
            }
        }
    };
    codes(to, page + vector * L::K_ROW, std::integral_constant<int, L::K_BYTES>{}, 0);
    codes(to + L::K_BYTES, page + p.vDataOffset + vector * L::V_ROW, std::integral_constant<int, L::V_BYTES>{}, 0);
    constexpr int CHUNKS = BK / 8;  // of each kind of parameter
    if (lane < 4 * CHUNKS) {
        int kind = lane / CHUNKS;
        long offset = kind < 2 ? (kind == 0 ? p.kScaleOffset : p.kZeroOffset) : (kind == 2 ? p.vScaleOffset : p.vZeroOffset);
        copy(to + L::PARAMS + lane * 16, page + offset + vector * 2 + lane % CHUNKS * 16);
    }
}

template <int VBITS>
__device__ __forceinline__ void writeState(const float (&o)[8][4], const State& state, float* outs, float* maxes) {
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
        for (int n = 0; n < 8; n++) {
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

template <class T, int KBITS, int VBITS, int BK>
__device__ __forceinline__ void decodeToken(const DecodeParams& p, int seq, int token, int length) {
    using L = Tile<KBITS, VBITS, BK>;
    constexpr int N = BK / 16;
    extern __shared__ __align__(128) char smem[];
    constexpr int RINGS = WARPS * STAGES * L::BYTES;
    constexpr int STATES = WARPS * 16 * HD * 4 + 2 * WARPS * 16 * 4;
    int* pageNumbers = reinterpret_cast<int*>(smem + (RINGS > STATES ? RINGS : STATES));
    int* pageIds = pageNumbers + p.pagesPerSplit;
    int split = blockIdx.x;
    DecodeGroup group = p.groups[blockIdx.y];
    PageList list(p, group, seq, length);
    int firstPage = split * list.share(p);
    int numPages = max(0, min(list.count - firstPage, list.share(p)));
    for (int i = threadIdx.x; i < numPages; i += blockDim.x) {
        int page = list.page(firstPage + i);
        pageNumbers[i] = page;
        pageIds[i] = p.pageTable[static_cast<long>(seq) * p.numColumns + columnOf(p, page)];
    }
    __syncthreads();
    int warp = threadIdx.x / 32;
    int lane = threadIdx.x & 31;
    uint32_t ring = static_cast<uint32_t>(__cvta_generic_to_shared(smem)) + warp * STAGES * L::BYTES;
    int tilesPerPage = p.pageSize / BK;
    int numTiles = numPages * tilesPerPage;
    TilePosition<BK> ahead(warp, tilesPerPage);
    TilePosition<BK> now = ahead;
    auto fetch = [&](int stage) {
        if (ahead.page < numPages) {
            long vector = static_cast<long>(group.slot) * p.pageSize + ahead.tile * BK;
            fetchTile<KBITS, VBITS, BK>(p, p.pages + pageIds[ahead.page] * p.pageBytes, vector, ring + stage * L::BYTES);
        }
        ahead.next(tilesPerPage);
        asm volatile("cp.async.commit_group;" ::: "memory");
    };
#pragma unroll
    for (int i = 0; i < STAGES - 1; i++) {
        fetch(i);
    }
    Queries q = loadQueries<T, KBITS>(p, group, token);
    float scaleLog2 = p.scale * LOG2E * q.unit;
    int low = group.streaming ? length - group.recent : 0;
    int sink = group.streaming ? group.sink : 0;
    float o[8][4] = {};
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
        addValues<VBITS>(o, factor, weights, at + L::K_BYTES);
        __syncwarp();
        stage = stage + 1 == STAGES ? 0 : stage + 1;
    }
    asm volatile("cp.async.wait_group 0;" ::: "memory");
    __syncthreads();
    float* outs = reinterpret_cast<float*>(smem);
    float* maxes = outs + WARPS * 16 * HD;
    writeState<VBITS>(o, state, outs, maxes);
    __syncthreads();
    combineWarps<HD>(p, group, outs, maxes, token, split);
}

/** Sequences have one query as a rule; more are worked on one after the other. */
template <class T, int KBITS, int VBITS, int BK>
__device__ __forceinline__ void decode(const DecodeParams& p) {
    int seq = blockIdx.z;
    if (seq >= p.numSeqs) {
        return;  // the grid is that of the plan's capacity
    }
    int end = p.qOffsets[seq + 1];
    for (int token = p.qOffsets[seq]; token < end; token++) {
        decodeToken<T, KBITS, VBITS, BK>(p, seq, token, p.kvLengths[seq] - (end - 1 - token));
        __syncthreads();
    }
}

}  // namespace

#define DECODE_CODES(NAME, TYPE, KBITS, VBITS, BK)                                                                           \
    extern "C" __global__ void __launch_bounds__(128, DECODE_BLOCKS) paged_decode__##NAME##__hd128_bk##BK(                               \
        const __grid_constant__ DecodeParams p) {                                                                            \
        decode<TYPE, KBITS, VBITS, BK>(p);                                                                                   \
    }

#define DECODE_TILES(BK, KBITS, VBITS, KV)                    \
    DECODE_CODES(q_bf16_##KV##_o_bf16, Bf16, KBITS, VBITS, BK) \
    DECODE_CODES(q_f16_##KV##_o_f16, F16, KBITS, VBITS, BK)

DECODE_TILES(64, 4, 4, kv_int4)
DECODE_TILES(32, 4, 4, kv_int4)
DECODE_TILES(16, 4, 4, kv_int4)
DECODE_TILES(32, 8, 8, kv_int8)
DECODE_TILES(16, 8, 8, kv_int8)
DECODE_TILES(32, 8, 4, k_int8_v_int4)
DECODE_TILES(16, 8, 4, k_int8_v_int4)
DECODE_TILES(32, 4, 8, k_int4_v_int8)
DECODE_TILES(16, 4, 8, k_int4_v_int8)
