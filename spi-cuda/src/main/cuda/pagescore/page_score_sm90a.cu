// page_score over statistics of 64 or 128 channels: what page_score.cu computes (Quest section 3.2; LServe section 3.4.2), with one
// read of a KV head's statistics for all of its query heads, and none where the selection will keep its lists.
//
// A row of statistics is read by headDim / 8 lanes, 16 bytes each; these lanes take one page, and a warp 8 pages. Queries stay in
// registers. Sums of the heads are folded over the lanes together: each step of a butterfly halves the heads that a lane keeps.
// Threads: 128. Grid: (pages / 32, readers, sequences of the capacity). No shared memory, no barriers.
#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

/** One served KV head; 4 ints. */
struct PageReader {
    int firstQoHead;
    int slot;  // head of the page layout
    int firstList;
    int reserved;
};

/** Passed by value; byte offsets for the host. */
struct PageScoreParams {
    const unsigned char* pages;  // 0: u8 [numPages, pageBytes], layout version 1
    const int* pageTable;        // 8: i32 [numSeqs, numColumns]
    const void* q;               // 16: 16-bit [numSeqs, numQoHeads, headDim]
    const int* kvLengths;        // 24: i32 [numSeqs]
    float* scores;               // 32: f32 [numSeqs, numLists, maxPages]
    const PageReader* readers;   // 40
    const int* counts;           // 48: i32 [numSlots, numLists], null: every list is scored
    const int* chosen;           // 56: i32 [numSlots, numLists, maxChosen]
    const int* slots;            // 64: i32 [numSeqs]
    long pageBytes;              // 72
    long kMaxOffset;             // 80: f16 [pageSize / logicalPageSize, numHeads, headDim]
    long kMinOffset;             // 88
    int numSeqs;                 // 96
    int groupSize;               // 100: 1 to 8
    int numQoHeads;              // 104
    int numColumns;              // 108
    int pageSize;                // 112
    int logicalPageSize;         // 116
    int numHeads;                // 120: of the layout
    int numLists;                // 124
    int maxPages;                // 128
    int headsPerList;            // 132: 1 or groupSize
    int maxChosen;               // 136
    int budget;                  // 140: pages
    int reuseInterval;           // 144
    int bf16;                    // 148: 1 queries of bf16, 0 of f16
};

namespace {

constexpr int PAGES_PER_WARP = 8;
constexpr int UNROLL = 4;

__device__ __forceinline__ float maxNan(float a, float b) {
    float r;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
    return r;
}

__device__ __forceinline__ float2 halves(uint32_t packed) {
    return __half22float2(*reinterpret_cast<__half2*>(&packed));
}

/** Whether PageSelect chooses any of a reader's lists anew; page_select.cu decides the same. */
__device__ __forceinline__ bool isRead(const PageScoreParams& p, const PageReader& reader, int seq, int length, int numPages) {
    if (p.counts == nullptr) {
        return true;
    }
    if (numPages <= p.budget) {
        return false;
    }
    if (length % p.reuseInterval == 0) {
        return true;
    }
    for (int i = 0; i < p.groupSize / p.headsPerList; i++) {
        long list = static_cast<long>(p.slots[seq]) * p.numLists + reader.firstList + i;
        int count = p.counts[list];
        int opened = count > 0 ? numPages - 1 - p.chosen[list * p.maxChosen + count - 1] : -1;
        if (opened < 0 || count + opened > p.maxChosen) {
            return true;
        }
    }
    return false;
}

/** Queries of up to HEADS heads, 8 channels of each; heads that are not there are 0. */
template <int HEADS, int HD>
__device__ __forceinline__ void loadQueries(float (&q)[HEADS][8], const PageScoreParams& p, int firstHead, int seq, int lane) {
#pragma unroll
    for (int h = 0; h < HEADS; h++) {
        uint4 v{};
        if (h < p.groupSize) {
            v = static_cast<const uint4*>(p.q)[(static_cast<long>(seq) * p.numQoHeads + firstHead + h) * (HD / 8) + lane];
        }
        uint32_t words[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float2 pair = p.bf16 ? float2{__uint_as_float(words[i] << 16), __uint_as_float(words[i] & 0xffff0000)} : halves(words[i]);
            q[h][2 * i] = pair.x;
            q[h][2 * i + 1] = pair.y;
        }
    }
}

/** Sums over LANES lanes; a lane is left with the head that its upper bits name. */
template <int HEADS, int LANES>
__device__ __forceinline__ float fold(float (&sum)[HEADS], int lane) {
    int step = LANES / 2;
#pragma unroll
    for (int n = HEADS / 2; n > 0; n /= 2, step /= 2) {
        bool upper = (lane & step) != 0;
#pragma unroll
        for (int i = 0; i < n; i++) {
            float own = upper ? sum[n + i] : sum[i];
            float other = upper ? sum[i] : sum[n + i];
            sum[i] = own + __shfl_xor_sync(~0u, other, step);
        }
    }
#pragma unroll
    for (; step > 0; step /= 2) {
        sum[0] += __shfl_xor_sync(~0u, sum[0], step);
    }
    return sum[0];
}

/** Bounds of up to UNROLL logical pages from `first` on, of which `count` hold tokens; the larger of those and `best`. */
template <int HEADS, int HD>
__device__ __forceinline__ float boundRows(
    float best, const float (&q)[HEADS][8], const unsigned char* page, const PageScoreParams& p, int slot, int first, int count, int lane) {
    uint4 high[UNROLL], low[UNROLL];
#pragma unroll
    for (int u = 0; u < UNROLL; u++) {
        high[u] = low[u] = uint4{};
        if (first + u < count) {
            long row = ((static_cast<long>(first + u) * p.numHeads + slot) * (HD / 8) + lane) * 16;
            high[u] = *reinterpret_cast<const uint4*>(page + p.kMaxOffset + row);
            low[u] = *reinterpret_cast<const uint4*>(page + p.kMinOffset + row);
        }
    }
#pragma unroll
    for (int u = 0; u < UNROLL; u++) {
        uint32_t a[4] = {high[u].x, high[u].y, high[u].z, high[u].w};
        uint32_t b[4] = {low[u].x, low[u].y, low[u].z, low[u].w};
        float sum[HEADS] = {};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float2 x = halves(a[i]);
            float2 y = halves(b[i]);
#pragma unroll
            for (int h = 0; h < HEADS; h++) {
                sum[h] += maxNan(q[h][2 * i] * x.x, q[h][2 * i] * y.x);
                sum[h] += maxNan(q[h][2 * i + 1] * x.y, q[h][2 * i + 1] * y.y);
            }
        }
        float bound = fold<HEADS, HD / 8>(sum, lane);
        best = first + u < count ? maxNan(best, bound) : best;
    }
    return best;
}

template <int HEADS, int HD>
__device__ __forceinline__ void score(const PageScoreParams& p) {
    constexpr int LANES = HD / 8;
    constexpr int FOLDED = LANES / HEADS;  // lanes left with the same head
    int seq = blockIdx.z;
    if (seq >= p.numSeqs) {
        return;
    }
    PageReader reader = p.readers[blockIdx.y];
    int length = p.kvLengths[seq];
    int numPages = (length + p.pageSize - 1) / p.pageSize;
    int first = (blockIdx.x * 4 + threadIdx.x / 32) * PAGES_PER_WARP;
    if (first >= numPages || !isRead(p, reader, seq, length, numPages)) {
        return;
    }
    int warpLane = threadIdx.x & 31;
    int lane = warpLane % LANES;
    float q[HEADS][8];
    loadQueries<HEADS, HD>(q, p, reader.firstQoHead, seq, lane);
    int ids = 0;
    if (warpLane < PAGES_PER_WARP && first + warpLane < numPages) {
        ids = p.pageTable[static_cast<long>(seq) * p.numColumns + first + warpLane];
    }
    int perPage = p.pageSize / p.logicalPageSize;
    int head = lane / FOLDED;
#pragma unroll 1
    for (int i = warpLane / LANES; i < PAGES_PER_WARP; i += 32 / LANES) {
        int page = first + i;
        const unsigned char* bytes = p.pages + __shfl_sync(~0u, ids, i) * p.pageBytes;
        int count = page < numPages ? min(perPage, (length - page * p.pageSize + p.logicalPageSize - 1) / p.logicalPageSize) : 0;
        float best = -INFINITY;
        for (int l = 0; l < perPage; l += UNROLL) {
            best = boundRows<HEADS, HD>(best, q, bytes, p, reader.slot, l, count, lane);
        }
        if (p.headsPerList > 1) {
            best = head < p.groupSize ? best : -INFINITY;
#pragma unroll
            for (int step = LANES / 2; step >= FOLDED; step /= 2) {
                best = maxNan(best, __shfl_xor_sync(~0u, best, step));
            }
        }
        bool writes = p.headsPerList > 1 ? lane == 0 : lane % FOLDED == 0 && head < p.groupSize;
        if (page < numPages && writes) {
            int list = reader.firstList + (p.headsPerList > 1 ? 0 : head);
            p.scores[(static_cast<long>(seq) * p.numLists + list) * p.maxPages + page] = best;
        }
    }
}

}  // namespace

#define PAGE_SCORE(HEADS, HD)                                                                                          \
    extern "C" __global__ void __launch_bounds__(128) page_score__hd##HD##__group##HEADS##__sm90a(                      \
        const __grid_constant__ PageScoreParams p) {                                                                   \
        score<HEADS, HD>(p);                                                                                           \
    }

PAGE_SCORE(1, 64)
PAGE_SCORE(4, 64)
PAGE_SCORE(8, 64)
PAGE_SCORE(1, 128)
PAGE_SCORE(4, 128)
PAGE_SCORE(8, 128)
