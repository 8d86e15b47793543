// Parameters of paged decode, the pages a group reads, and how states of warps and splits are combined.
#pragma once
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
    const void* q;                // 16: 16-bit [numTokens, numQoHeads, headDim]
    const int* kvLengths;         // 24: i32 [numSeqs], the new token included
    const DecodeGroup* groups;    // 32: [numGroups]
    const int* choiceCounts;      // 40: i32 [numSlots, numLists], read where list >= 0
    const int* choicePages;       // 48: i32 [numSlots, numLists, maxChosen]
    const int* choiceSlots;       // 56: i32 [numSeqs]
    void* out;                    // 64: 16-bit [numTokens, numQoHeads, headDim]
    float* lse;                   // 72: f32 [numTokens, numQoHeads], natural log
    float* partialOut;            // 80: workspace f32 [numTokens, numQoHeads, numSplits, headDim]
    float* partialLse;            // 88: workspace f32 [numTokens, numQoHeads, numSplits], log base 2
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
    int pagesPerSplit;            // 144: most pages of a split, at most 512
    int maxChosen;                // 148
    int numLists;                 // 152
    int sinkPages;                // 156: ring addressing
    int ringPages;                // 160: 0 for linear addressing
    int reserved;                 // 164
    long kScaleOffset;            // 168: f16 [numHeads, pageSize], quantized pages only
    long kZeroOffset;             // 176
    long vScaleOffset;            // 184
    long vZeroOffset;             // 192
    const int* qOffsets;          // 200: i32 [numSeqs + 1]
};

namespace {

constexpr float LOG2E = 1.4426950408889634f;
constexpr float LN2 = 0.6931471805599453f;
constexpr int RUN = 16;
constexpr int WARPS = 4;

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

    /** Pages of a split: an even share, so that a context below the plan's capacity still fills the device. */
    __device__ __forceinline__ int share(const DecodeParams& p) const {
        return (count + p.numSplits - 1) / p.numSplits;
    }

    __device__ __forceinline__ int page(int i) const {
        return chosen != nullptr ? chosen[i] : i < sinkPages ? i : lowPage + i - sinkPages;
    }
};

__device__ __forceinline__ int columnOf(const DecodeParams& p, int page) {
    return p.ringPages == 0 || page < p.sinkPages ? page : p.sinkPages + (page - p.sinkPages) % p.ringPages;
}

/** A split's pages, their numbers in the sequence and in the pool, into shared memory; returns how many. A barrier must follow. */
__device__ __forceinline__ int stagePages(
    const DecodeParams& p, const PageList& list, int seq, int split, int* pageNumbers, int* pageIds) {
    int firstPage = split * list.share(p);
    int numPages = max(0, min(list.count - firstPage, list.share(p)));
    for (int i = threadIdx.x; i < numPages; i += blockDim.x) {
        int page = list.page(firstPage + i);
        pageNumbers[i] = page;
        pageIds[i] = p.pageTable[static_cast<long>(seq) * p.numColumns + columnOf(p, page)];
    }
    return numPages;
}

/** Adds up the four warps' states and writes the split's. outs [WARPS][16][HD], maxes [WARPS][16] log base 2, then sums. */
template <int HD>
__device__ __forceinline__ void combineWarps(
    const DecodeParams& p, const DecodeGroup& group, const float* outs, const float* maxes, int token, int split) {
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
        long at = (static_cast<long>(token) * p.numQoHeads + group.firstQoHead + row) * p.numSplits + split;
        p.partialOut[at * HD + channel] = sum == 0.f ? 0.f : value / sum;
        if (channel == 0) {
            p.partialLse[at] = sum == 0.f ? -INFINITY : base + log2f(sum);
        }
    }
}

/** Merges the splits of one query head in a fixed order: a warp adds up every fourth split, then the block the four. */
template <class T, int HD>
__device__ __forceinline__ void merge(const DecodeParams& p) {
    constexpr int CHANNELS = HD / 32;
    __shared__ float parts[WARPS][HD + 1];
    int warp = threadIdx.x / 32;
    int lane = threadIdx.x & 31;
    int heads = p.numGroups * p.groupSize;
    int index = blockIdx.x;
    if (index >= p.qOffsets[p.numSeqs] * heads) {
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
    float value[CHANNELS] = {};
#pragma unroll 4
    for (int s = warp; s < p.numSplits; s += WARPS) {
        float weight = exp2Fast(lse[s] - base);
        sum += weight;
        const float* part = p.partialOut + (row * p.numSplits + s) * HD + lane;
#pragma unroll
        for (int i = 0; i < CHANNELS; i++) {
            value[i] = fmaf(weight, part[i * 32], value[i]);
        }
    }
#pragma unroll
    for (int i = 0; i < CHANNELS; i++) {
        parts[warp][i * 32 + lane] = value[i];
    }
    parts[warp][HD] = sum;
    __syncthreads();
    sum = parts[0][HD] + parts[1][HD] + parts[2][HD] + parts[3][HD];
    for (int c = threadIdx.x; c < HD; c += blockDim.x) {
        float total = parts[0][c] + parts[1][c] + parts[2][c] + parts[3][c];
        static_cast<typename T::Type*>(p.out)[row * HD + c] = T::round(sum == 0.f ? 0.f : total / sum);
    }
    if (threadIdx.x == 0) {
        p.lse[row] = sum == 0.f ? -INFINITY : (base + log2f(sum)) * LN2;
    }
}

}  // namespace
