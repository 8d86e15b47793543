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
// Shared memory: 4 warps x 3 runs x 2 x 16 x headDim x 2 bytes + 4 bytes x 2 x pagesPerSplit (at most 512). Two blocks a
// multiprocessor. Grid: (numSplits, numGroups, numSeqs). The merge: one warp per sequence and query head, blocks of 128.
// __syncthreads: after the page ids of the split are looked up; before and after the four warps' states are combined.
#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

/** One served KV head with its query heads; 8 ints. */
struct DecodeGroup {
    int firstQoHead;  // query heads firstQoHead .. firstQoHead + groupSize - 1
    int slot;         // head of the page layout
    int streaming;    // 1: sink and recent only
    int sink;         // tokens
    int recent;       // tokens, 1 or more
    int list;         // list of chosen pages, -1: none
    int reserved0, reserved1;
};

/** Passed by value; byte offsets for the host. */
struct DecodeParams {
    const unsigned char* pages;   // 0: u8 [numPages, pageBytes], layout version 1
    const int* pageTable;         // 8: i32 [numSeqs, numColumns]
    const void* q;                // 16: 16-bit [numSeqs, numQoHeads, headDim]
    const int* kvLengths;         // 24: i32 [numSeqs], the new token included
    const DecodeGroup* groups;    // 32: [numGroups]
    const int* choiceCounts;      // 40: i32 [numSlots, numLists], read where list >= 0
    const int* choicePages;       // 48: i32 [numSlots, numLists, maxChosen]
    const int* choiceSlots;       // 56: i32 [numSeqs]
    void* out;                    // 64: 16-bit [numSeqs, numQoHeads, headDim]
    float* lse;                   // 72: f32 [numSeqs, numQoHeads], natural log
    float* partialOut;            // 80: workspace f32 [numSeqs, numQoHeads, numSplits, headDim]
    float* partialLse;            // 88: workspace f32 [numSeqs, numQoHeads, numSplits], log base 2
    long pageBytes;               // 96
    long vDataOffset;             // 104: bytes from a page to its values
    float scale;                  // 112
    int numSeqs;                  // 116
    int numGroups;                // 120
    int groupSize;                // 124: 1 to 16
    int numQoHeads;               // 128
    int numColumns;               // 132
    int pageSize;                 // 136: multiple of 16
    int numSplits;                // 140
    int pagesPerSplit;            // 144: at most 512
    int maxChosen;                // 148
    int numLists;                 // 152
    int sinkPages;                // 156: ring addressing
    int ringPages;                // 160: 0 for linear addressing
    int reserved;                 // 164
};

namespace {

constexpr float LOG2E = 1.4426950408889634f;
constexpr float LN2 = 0.6931471805599453f;
constexpr int RUN = 16;
constexpr int WARPS = 4;
constexpr int STAGES = 3;

struct Bf16 {
    using Type = __nv_bfloat16;
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        uint32_t r;
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
        return r;
    }
    static __device__ __forceinline__ void product(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
        asm volatile(
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    }
    static __device__ __forceinline__ Type round(float x) {
        return __float2bfloat16_rn(x);
    }
};

struct F16 {
    using Type = __half;
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        uint32_t r;
        asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
        return r;
    }
    static __device__ __forceinline__ void product(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
        asm volatile(
            "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    }
    static __device__ __forceinline__ Type round(float x) {
        return __float2half_rn(x);
    }
};

__device__ __forceinline__ float exp2Fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

template <bool TRANSPOSED>
__device__ __forceinline__ void fragments(uint32_t (&r)[4], uint32_t address) {
    if constexpr (TRANSPOSED) {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                     : "r"(address));
    } else {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                     : "r"(address));
    }
}

/** Which pages a group reads of a sequence. */
struct PageList {
    int count, sinkPages, lowPage;
    const int* chosen;

    __device__ __forceinline__ PageList(const DecodeParams& p, const DecodeGroup& group, int seq, int length) {
        int all = (length + p.pageSize - 1) / p.pageSize;
        chosen = nullptr;
        count = all;
        sinkPages = all;
        lowPage = 0;
        if (group.list >= 0) {
            long row = static_cast<long>(p.choiceSlots[seq]) * p.numLists + group.list;
            chosen = p.choicePages + row * p.maxChosen;
            count = p.choiceCounts[row];
        } else if (group.streaming) {
            lowPage = max(0, length - group.recent) / p.pageSize;
            sinkPages = min((group.sink + p.pageSize - 1) / p.pageSize, lowPage);
            count = sinkPages + all - lowPage;
        }
    }

    __device__ __forceinline__ int page(int i) const {
        return chosen != nullptr ? chosen[i] : i < sinkPages ? i : lowPage + i - sinkPages;
    }
};

__device__ __forceinline__ int columnOf(const DecodeParams& p, int page) {
    return p.ringPages == 0 || page < p.sinkPages ? page : p.sinkPages + (page - p.sinkPages) % p.ringPages;
}

struct State {
    float max[2], sum[2];
};

template <class T, int HD>
__device__ __forceinline__ void attendRun(
    float (&o)[HD / 8][4], State& state, const uint32_t (&q)[HD / 16][4], uint32_t k, uint32_t v, float scaleLog2,
    uint32_t visible) {
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
    float factor[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
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

template <class T, int HD>
__device__ __forceinline__ void decode(const DecodeParams& p) {
    constexpr int RUN_BYTES = RUN * HD * 2;
    constexpr int CHUNKS = HD / 8;
    extern __shared__ __align__(128) char smem[];
    int* pageNumbers = reinterpret_cast<int*>(smem + WARPS * STAGES * 2 * RUN_BYTES);
    int* pageIds = pageNumbers + p.pagesPerSplit;
    int split = blockIdx.x;
    int seq = blockIdx.z;
    DecodeGroup group = p.groups[blockIdx.y];
    int length = p.kvLengths[seq];
    PageList list(p, group, seq, length);
    int firstPage = split * p.pagesPerSplit;
    int numPages = max(0, min(list.count - firstPage, p.pagesPerSplit));
    for (int i = threadIdx.x; i < numPages; i += blockDim.x) {
        int page = list.page(firstPage + i);
        pageNumbers[i] = page;
        pageIds[i] = p.pageTable[static_cast<long>(seq) * p.numColumns + columnOf(p, page)];
    }
    int warp = threadIdx.x / 32;
    int lane = threadIdx.x & 31;
    uint32_t q[HD / 16][4];
    const uint32_t* qRow = static_cast<const uint32_t*>(p.q) + (static_cast<long>(seq) * p.numQoHeads + group.firstQoHead) * (HD / 2);
#pragma unroll
    for (int i = 0; i < HD / 16; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            int row = lane / 4 + 8 * (j & 1);
            q[i][j] = row < p.groupSize ? qRow[row * (HD / 2) + i * 8 + (j / 2) * 4 + (lane & 3)] : 0;
        }
    }
    __syncthreads();
    uint32_t ring = static_cast<uint32_t>(__cvta_generic_to_shared(smem)) + warp * STAGES * 2 * RUN_BYTES;
    int runsPerPage = p.pageSize / RUN;
    int numRuns = numPages * runsPerPage;
    int low = group.streaming ? length - group.recent : 0;
    int sink = group.streaming ? group.sink : 0;
    auto seen = [&](int token) { return token < length && (token >= low || token < sink); };
    auto fetch = [&](int run, int stage) {
        if (run < numRuns) {
            int at = run / runsPerPage;
            int inPage = run % runsPerPage * RUN;
            int token = pageNumbers[at] * p.pageSize + inPage;
            const unsigned char* page = p.pages + pageIds[at] * p.pageBytes;
            const unsigned char* keys = page + (static_cast<long>(group.slot) * p.pageSize + inPage) * HD * 2;
            uint32_t to = ring + stage * 2 * RUN_BYTES;
#pragma unroll
            for (int i = 0; i < RUN * CHUNKS / 32; i++) {
                int row = (i * 32 + lane) / CHUNKS;
                int chunk = lane % CHUNKS;
                uint32_t bytes = seen(token + row) ? 16 : 0;
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
    float scaleLog2 = p.scale * LOG2E;
#pragma unroll
    for (int i = 0; i < STAGES - 1; i++) {
        fetch(warp + i * WARPS, i);
    }
    int stage = 0;
    for (int run = warp; run < numRuns; run += WARPS) {
        fetch(run + (STAGES - 1) * WARPS, stage == 0 ? STAGES - 1 : stage - 1);
        asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 1) : "memory");
        __syncwarp();
        int token = pageNumbers[run / runsPerPage] * p.pageSize + run % runsPerPage * RUN;
        uint32_t visible = __ballot_sync(~0u, lane < RUN && seen(token + lane));
        uint32_t at = ring + stage * 2 * RUN_BYTES;
        attendRun<T, HD>(o, state, q, at, at + RUN_BYTES, scaleLog2, visible);
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
            *reinterpret_cast<float2*>(outs + (warp * 16 + row) * HD + i * 8 + 2 * (lane & 3)) =
                float2{o[i][2 * half], o[i][2 * half + 1]};
        }
        if ((lane & 3) == 0) {
            maxes[warp * 16 + row] = state.max[half];
            maxes[(WARPS + warp) * 16 + row] = sum;
        }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < p.groupSize * HD; i += blockDim.x) {
        int row = i / HD;
        int channel = i % HD;
        float max = fmaxf(fmaxf(maxes[row], maxes[16 + row]), fmaxf(maxes[32 + row], maxes[48 + row]));
        float base = max == -INFINITY ? 0.f : max;
        float sum = 0.f;
        float value = 0.f;
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            float weight = exp2Fast(maxes[w * 16 + row] - base);
            sum = fmaf(weight, maxes[(WARPS + w) * 16 + row], sum);
            value = fmaf(weight, outs[(w * 16 + row) * HD + channel], value);
        }
        long at = (static_cast<long>(seq) * p.numQoHeads + group.firstQoHead + row) * p.numSplits + split;
        p.partialOut[at * HD + channel] = sum == 0.f ? 0.f : value / sum;
        if (channel == 0) {
            p.partialLse[at] = sum == 0.f ? -INFINITY : base + log2f(sum);
        }
    }
}

template <class T, int HD>
__device__ __forceinline__ void merge(const DecodeParams& p) {
    int index = blockIdx.x * 4 + threadIdx.x / 32;
    int lane = threadIdx.x & 31;
    int heads = p.numGroups * p.groupSize;
    if (index >= p.numSeqs * heads) {
        return;
    }
    int head = p.groups[index % heads / p.groupSize].firstQoHead + index % p.groupSize;
    long row = static_cast<long>(index / heads) * p.numQoHeads + head;
    const float* lse = p.partialLse + row * p.numSplits;
    float max = -INFINITY;
    for (int s = lane; s < p.numSplits; s += 32) {
        max = fmaxf(max, lse[s]);
    }
    for (int mask = 16; mask > 0; mask /= 2) {
        max = fmaxf(max, __shfl_xor_sync(~0u, max, mask));
    }
    float base = max == -INFINITY ? 0.f : max;
    float sum = 0.f;
    float value[HD / 32] = {};
    for (int s = 0; s < p.numSplits; s++) {
        float weight = exp2Fast(lse[s] - base);
        sum += weight;
#pragma unroll
        for (int i = 0; i < HD / 32; i++) {
            value[i] = fmaf(weight, p.partialOut[(row * p.numSplits + s) * HD + i * 32 + lane], value[i]);
        }
    }
#pragma unroll
    for (int i = 0; i < HD / 32; i++) {
        static_cast<typename T::Type*>(p.out)[row * HD + i * 32 + lane] = T::round(sum == 0.f ? 0.f : value[i] / sum);
    }
    if (lane == 0) {
        p.lse[row] = sum == 0.f ? -INFINITY : (base + log2f(sum)) * LN2;
    }
}

}  // namespace

#define DECODE_KERNELS(NAME, TYPE, HD)                                                                                 \
    extern "C" __global__ void __launch_bounds__(128, 2) paged_decode__##NAME##__hd##HD(                               \
        const __grid_constant__ DecodeParams p) {                                                                      \
        decode<TYPE, HD>(p);                                                                                           \
    }                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(128) paged_decode_merge__##NAME##__hd##HD(                            \
        const __grid_constant__ DecodeParams p) {                                                                      \
        merge<TYPE, HD>(p);                                                                                            \
    }

DECODE_KERNELS(q_bf16_kv_bf16_o_bf16, Bf16, 128)
DECODE_KERNELS(q_f16_kv_f16_o_f16, F16, 128)
DECODE_KERNELS(q_bf16_kv_bf16_o_bf16, Bf16, 64)
DECODE_KERNELS(q_f16_kv_f16_o_f16, F16, 64)
