// paged_decode: attention of one new token per sequence over 16-bit cache pages, split over the context, with a merge.
//
// FlashDecoding's split of the keys with states merged in a fixed order (FlashAttention-2 section 3.3; PagedAttention section
// 4); streaming and chosen heads are rows of the same head table (LServe sections 3.4 and 3.6). All query heads of a KV group are
// the rows of one m16n8k16 product, so every key and value is read once.
//
// Threads: 128; each warp takes every fourth run of 16 tokens and keeps its own ring of 3 runs in shared memory, filled with
// 16-byte asynchronous copies: no barrier in the main loop, only the warp's own wait. Rows a query may not see are filled with zeros
// instead of read, so that what never was written cannot leak. 16-byte chunks of a row are swizzled with the row's low 3 bits: the
// reads of matrix fragments are free of bank conflicts.
// Queries and outputs may have the other 16-bit type than the pages. Products are in the pages' type: bf16 queries become f16 after a power
// of two has brought the largest to 2^14; an f16 query, and each weight for it, is the sum of two bf16 numbers, the second in
// the rows 8 to 15 that readers of at most 8 heads leave empty. Weights in f16 are 2^14 times what they are, to stay normal.
// Shared memory: 4 warps x 3 runs x 2 x 16 x headDim x 2 bytes + 4 bytes x 2 x pagesPerSplit (at most 512). Two blocks a
// multiprocessor. Grid: (numSplits, numGroups, numSeqs). The merge: one block of 128 per token and query head.
// __syncthreads: after the page ids of the split are looked up; before and after the four warps' states are combined; between
// the queries of a sequence; in the merge, before the warps' sums are added up.
#include "paged_decode.cuh"

#include <type_traits>

namespace {

constexpr int STAGES = 3;

struct State {
    float max[2], sum[2];
};

/** Whether numbers of Q are the sum of two of T. */
template <class T, class Q>
constexpr bool SPLIT = std::is_same_v<T, Bf16> && std::is_same_v<Q, F16>;

/** Weights of T are 2 to this times as large. */
template <class T>
constexpr float LIFT = std::is_same_v<T, F16> ? 14.f : 0.f;

template <class T>
__device__ __forceinline__ float2 widen(uint32_t pair) {
    if constexpr (std::is_same_v<T, Bf16>) {
        return float2{__uint_as_float(pair << 16), __uint_as_float(pair & 0xffff0000)};
    } else {
        return __half22float2(*reinterpret_cast<__half2*>(&pair));
    }
}

/** What is left of two numbers once they are rounded to T. */
template <class T>
__device__ __forceinline__ uint32_t rest(float x, float y, uint32_t rounded) {
    float2 have = widen<T>(rounded);
    return T::pack(x - have.x, y - have.y);
}

/** Queries as rows of the first product. The factor that turns products into scores. */
template <class T, class Q, int HD>
__device__ __forceinline__ float loadQueries(uint32_t (&q)[HD / 16][4], const DecodeParams& p, const DecodeGroup& group, int token) {
    int lane = threadIdx.x & 31;
    const uint32_t* from = static_cast<const uint32_t*>(p.q) + (static_cast<long>(token) * p.numQoHeads + group.firstQoHead) * (HD / 2);
    float largest = 0.f;
#pragma unroll
    for (int i = 0; i < HD / 16; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            int row = lane / 4 + (SPLIT<T, Q> ? 0 : 8 * (j & 1));
            q[i][j] = row < p.groupSize ? from[row * (HD / 2) + i * 8 + (j / 2) * 4 + (lane & 3)] : 0;
            float2 pair = widen<Q>(q[i][j]);
            if constexpr (SPLIT<T, Q>) {
                q[i][j] = T::pack(pair.x, pair.y);
                q[i][j] = j & 1 ? rest<T>(pair.x, pair.y, q[i][j]) : q[i][j];
            } else {
                largest = fmaxf(largest, fmaxf(fabsf(pair.x), fabsf(pair.y)));
            }
        }
    }
    if constexpr (std::is_same_v<T, Q> || SPLIT<T, Q>) {
        return p.scale * LOG2E;
    } else {
        int exponent = static_cast<int>(__reduce_max_sync(~0u, __float_as_uint(largest)) >> 23) - 127;
        int shift = max(-90, min(90, 14 - exponent));
        float power = __uint_as_float(static_cast<uint32_t>(127 + shift) << 23);
#pragma unroll
        for (int i = 0; i < HD / 16; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                float2 pair = widen<Q>(q[i][j]);
                q[i][j] = T::pack(pair.x * power, pair.y * power);
            }
        }
        return p.scale * LOG2E / power;
    }
}

template <class T, class Q, int HD>
__device__ __forceinline__ void attendRun(
    float (&o)[HD / 8][4], State& state, const uint32_t (&q)[HD / 16][4], uint32_t k, uint32_t v, float scaleLog2,
    uint32_t visible) {
    constexpr int HALVES = SPLIT<T, Q> ? 1 : 2;
    int lane = threadIdx.x & 31;
    float s[2][4] = {};
#pragma unroll
    for (int i = 0; i < HD / 16; i++) {
        uint32_t b[4];
        int row = (lane / 16) * 8 + lane % 8;
        int chunk = 2 * i + ((lane / 8) & 1);
        fragments<false>(b, k + row * HD * 2 + ((chunk ^ (row & 7)) * 16));
        T::product(s[0], q[i], b[0], b[1]);
        T::product(s[1], q[i], b[2], b[3]);
    }
    if constexpr (SPLIT<T, Q>) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            s[i / 2][i % 2] += s[i / 2][2 + i % 2];
        }
    }
    float factor[2];
#pragma unroll
    for (int half = 0; half < HALVES; half++) {
        float max = state.max[half];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float& value = s[i / 2][2 * half + i % 2];
            int token = (i / 2) * 8 + 2 * (lane & 3) + i % 2;
            value = (visible >> token) & 1 ? value * scaleLog2 : -INFINITY;
            max = fmaxf(max, value);
        }
        max = fmaxf(max, __shfl_xor_sync(~0u, max, 1));
        max = fmaxf(max, __shfl_xor_sync(~0u, max, 2));
        float base = max == -INFINITY ? 0.f : max;
        factor[half] = exp2Fast(state.max[half] - base);
        base -= LIFT<T>;
        state.max[half] = max;
        float sum = 0.f;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float& value = s[i / 2][2 * half + i % 2];
            value = exp2Fast(value - base);
            sum += value;
        }
        state.sum[half] = fmaf(state.sum[half], factor[half], sum);
    }
    uint32_t a[4] = {T::pack(s[0][0], s[0][1]), T::pack(s[0][2], s[0][3]), T::pack(s[1][0], s[1][1]), T::pack(s[1][2], s[1][3])};
    if constexpr (SPLIT<T, Q>) {
        a[1] = rest<T>(s[0][0], s[0][1], a[0]);
        a[3] = rest<T>(s[1][0], s[1][1], a[2]);
        factor[1] = factor[0];
    }
#pragma unroll
    for (int i = 0; i < HD / 16; i++) {
        uint32_t b[4];
        int row = ((lane / 8) & 1) * 8 + lane % 8;
        int chunk = 2 * i + lane / 16;
        fragments<true>(b, v + row * HD * 2 + ((chunk ^ (row & 7)) * 16));
#pragma unroll
        for (int n = 0; n < 2; n++) {
            float(&d)[4] = o[2 * i + n];
            d[0] *= factor[0];
            d[1] *= factor[0];
            d[2] *= factor[1];
            d[3] *= factor[1];
            T::product(d, a, b[2 * n], b[2 * n + 1]);
        }
    }
}

template <class T, class Q, int HD>
__device__ __forceinline__ void decodeToken(const DecodeParams& p, int seq, int token, int length) {
    constexpr int RUN_BYTES = RUN * HD * 2;
    constexpr int CHUNKS = HD / 8;
    extern __shared__ __align__(128) char smem[];
    int* pageNumbers = reinterpret_cast<int*>(smem + WARPS * STAGES * 2 * RUN_BYTES);
    int* pageIds = pageNumbers + p.pagesPerSplit;
    int split = blockIdx.x;
    DecodeGroup group = p.groups[blockIdx.y];
    PageList list(p, group, seq, length);
    int numPages = stagePages(p, list, seq, split, pageNumbers, pageIds);
    int warp = threadIdx.x / 32;
    int lane = threadIdx.x & 31;
    uint32_t q[HD / 16][4];
    float scaleLog2 = loadQueries<T, Q, HD>(q, p, group, token);
    __syncthreads();
    uint32_t ring = static_cast<uint32_t>(__cvta_generic_to_shared(smem)) + warp * STAGES * 2 * RUN_BYTES;
    int runsPerPage = p.pageSize / RUN;
    int numRuns = numPages * runsPerPage;
    int low = group.streaming ? length - group.recent : 0;
    int sink = group.streaming ? group.sink : 0;
    auto seen = [&](int key) { return key < length && (key >= low || key < sink); };
    auto fetch = [&](int run, int stage) {
        if (run < numRuns) {
            int at = run / runsPerPage;
            int inPage = run % runsPerPage * RUN;
            int key = pageNumbers[at] * p.pageSize + inPage;
            const unsigned char* page = p.pages + pageIds[at] * p.pageBytes;
            const unsigned char* keys = page + (static_cast<long>(group.slot) * p.pageSize + inPage) * HD * 2;
            uint32_t to = ring + stage * 2 * RUN_BYTES;
#pragma unroll
            for (int i = 0; i < RUN * CHUNKS / 32; i++) {
                int row = (i * 32 + lane) / CHUNKS;
                int chunk = lane % CHUNKS;
                uint32_t bytes = seen(key + row) ? 16 : 0;
                uint32_t offset = row * HD * 2 + ((chunk ^ (row & 7)) * 16);
                const unsigned char* from = keys + row * HD * 2 + chunk * 16;
                asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to + offset), "l"(from), "r"(bytes) : "memory");
                asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to + RUN_BYTES + offset),
                             "l"(from + p.vDataOffset),
                             "r"(bytes)
                             : "memory");
            }
        }
        asm volatile("cp.async.commit_group;" ::: "memory");
    };
    float o[HD / 8][4] = {};
    State state{{-INFINITY, -INFINITY}, {0.f, 0.f}};
#pragma unroll
    for (int i = 0; i < STAGES - 1; i++) {
        fetch(warp + i * WARPS, i);
    }
    int stage = 0;
    for (int run = warp; run < numRuns; run += WARPS) {
        fetch(run + (STAGES - 1) * WARPS, stage == 0 ? STAGES - 1 : stage - 1);
        asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 1) : "memory");
        __syncwarp();
        int key = pageNumbers[run / runsPerPage] * p.pageSize + run % runsPerPage * RUN;
        uint32_t visible = __ballot_sync(~0u, lane < RUN && seen(key + lane));
        uint32_t at = ring + stage * 2 * RUN_BYTES;
        attendRun<T, Q, HD>(o, state, q, at, at + RUN_BYTES, scaleLog2, visible);
        __syncwarp();
        stage = stage + 1 == STAGES ? 0 : stage + 1;
    }
    asm volatile("cp.async.wait_group 0;" ::: "memory");
    // Combine the warps: their rings now hold states instead.
    __syncthreads();
    float* outs = reinterpret_cast<float*>(smem);              // [WARPS][16][HD]
    float* maxes = outs + WARPS * 16 * HD;                     // [WARPS][16], then sums
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = lane / 4 + 8 * half;
        float sum = state.sum[half];
        sum += __shfl_xor_sync(~0u, sum, 1);
        sum += __shfl_xor_sync(~0u, sum, 2);
#pragma unroll
        for (int i = 0; i < HD / 8; i++) {
            float2 value{o[i][2 * half], o[i][2 * half + 1]};
            if constexpr (SPLIT<T, Q>) {
                value = float2{o[i][0] + o[i][2], o[i][1] + o[i][3]};
            }
            *reinterpret_cast<float2*>(outs + (warp * 16 + row) * HD + i * 8 + 2 * (lane & 3)) = value;
        }
        if ((lane & 3) == 0) {
            maxes[warp * 16 + row] = state.max[half] - LIFT<T>;
            maxes[(WARPS + warp) * 16 + row] = sum;
        }
    }
    __syncthreads();
    combineWarps<HD>(p, group, outs, maxes, token, split);
}

/** Sequences have one query as a rule; more are worked on one after the other. */
template <class T, class Q, int HD>
__device__ __forceinline__ void decode(const DecodeParams& p) {
    int seq = blockIdx.z;
    if (seq >= p.numSeqs) {
        return;  // the grid is that of the plan's capacity
    }
    int end = p.qOffsets[seq + 1];
    for (int token = p.qOffsets[seq]; token < end; token++) {
        decodeToken<T, Q, HD>(p, seq, token, p.kvLengths[seq] - (end - 1 - token));
        __syncthreads();
    }
}

}  // namespace

#define DECODE_KERNEL(NAME, T, Q, HD)                                                                                  \
    extern "C" __global__ void __launch_bounds__(128, 2) paged_decode__##NAME##__hd##HD(                               \
        const __grid_constant__ DecodeParams p) {                                                                      \
        decode<T, Q, HD>(p);                                                                                           \
    }
#define MERGE_KERNEL(NAME, Q, HD)                                                                                      \
    extern "C" __global__ void __launch_bounds__(128) paged_decode_merge__##NAME##__hd##HD(                            \
        const __grid_constant__ DecodeParams p) {                                                                      \
        merge<Q, HD>(p);                                                                                               \
    }
#define DECODE_KERNELS(HD)                                  \
    DECODE_KERNEL(q_bf16_kv_bf16_o_bf16, Bf16, Bf16, HD)    \
    DECODE_KERNEL(q_f16_kv_f16_o_f16, F16, F16, HD)         \
    DECODE_KERNEL(q_bf16_kv_f16_o_bf16, F16, Bf16, HD)      \
    DECODE_KERNEL(q_f16_kv_bf16_o_f16, Bf16, F16, HD)       \
    MERGE_KERNEL(q_bf16_kv_bf16_o_bf16, Bf16, HD)           \
    MERGE_KERNEL(q_f16_kv_f16_o_f16, F16, HD)

DECODE_KERNELS(128)
DECODE_KERNELS(64)
