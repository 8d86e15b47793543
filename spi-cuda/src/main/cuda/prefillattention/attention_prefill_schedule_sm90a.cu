// attention_prefill_schedule: orders the work of a prefill launch, longest first within a section of heads.
//
// One block of 1024 threads per section (grid = ceil(numHeads / headsPerSection)), static shared memory 16 KiB.
// Counting sort on the number of key tiles; the order among equals varies and no result depends on it. Sections keep heads
// whose keys share the L2 cache together; inside one, long tiles first keeps the end of the launch even (list scheduling,
// Graham 1969). Must run before attention_prefill on the same stream, with the same parameters.
#include "attention_prefill.cuh"

using namespace filigree;

constexpr int BINS = 4096;

static __device__ __forceinline__ int binOf(int kvTiles) {
    return BINS - 1 - min(kvTiles, BINS - 1);
}

extern "C" __global__ void __launch_bounds__(1024)
    attention_prefill_schedule__bq128(const __grid_constant__ PrefillParams p) {
    __shared__ int bins[BINS];
    __shared__ int warpSums[32];
    int firstHead = blockIdx.x * p.headsPerSection;
    int heads = min(p.headsPerSection, p.numHeads - firstHead);
    for (int i = threadIdx.x; i < BINS; i += blockDim.x) {
        bins[i] = 0;
    }
    __syncthreads();
    int totalTiles = 0;
    for (int seq = 0; seq < p.numSeqs; seq++) {
        int numQueries = p.qOffsets[seq + 1] - p.qOffsets[seq];
        int shift = p.kvOffsets[seq + 1] - p.kvOffsets[seq] - numQueries;
        int first = floorDiv128(shift);
        int tiles = numQueries == 0 ? 0 : floorDiv128(shift + numQueries - 1) - first + 1;
        totalTiles += tiles;
        for (int t = threadIdx.x; t < tiles * heads; t += blockDim.x) {
            PrefillWork work;
            work.locate(p, firstHead + t % heads, seq, first + t / heads);
            atomicAdd(&bins[binOf(work.count)], 1);
        }
    }
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        p.queue[0] = 0;
        p.queue[1] = totalTiles * p.numHeads;
    }
    __syncthreads();
    // Exclusive prefix sum over the bins: 4 a thread, then over warps.
    int base = threadIdx.x * 4;
    int sum = bins[base] + bins[base + 1] + bins[base + 2] + bins[base + 3];
    int inclusive = sum;
    int lane = threadIdx.x & 31;
    for (int step = 1; step < 32; step *= 2) {
        int other = __shfl_up_sync(~0u, inclusive, step);
        inclusive += lane >= step ? other : 0;
    }
    if (lane == 31) {
        warpSums[threadIdx.x >> 5] = inclusive;
    }
    __syncthreads();
    int before = 0;
    for (int w = 0; w < (threadIdx.x >> 5); w++) {
        before += warpSums[w];
    }
    before += inclusive - sum;
    for (int i = 0; i < 4; i++) {
        int n = bins[base + i];
        bins[base + i] = before;
        before += n;
    }
    __syncthreads();
    PrefillItem* items = p.items + static_cast<long>(firstHead) * totalTiles;
    for (int seq = 0; seq < p.numSeqs; seq++) {
        int numQueries = p.qOffsets[seq + 1] - p.qOffsets[seq];
        int shift = p.kvOffsets[seq + 1] - p.kvOffsets[seq] - numQueries;
        int first = floorDiv128(shift);
        int tiles = numQueries == 0 ? 0 : floorDiv128(shift + numQueries - 1) - first + 1;
        for (int t = threadIdx.x; t < tiles * heads; t += blockDim.x) {
            PrefillWork work;
            work.locate(p, firstHead + t % heads, seq, first + t / heads);
            int at = atomicAdd(&bins[binOf(work.count)], 1);
            items[at] = PrefillItem{seq, first + t / heads, firstHead + t % heads, work.count};
        }
    }
}
