// block_select: the fewest key blocks of a row whose estimated mass reaches a share of the total (XAttention section 2.2).
//
// One block of 128 threads per (block row, choice); a choice is a query head, or a KV group when its heads agree. Dynamic
// shared memory: maxKvBlocks x 5 bytes, rounded up to 16. No sort: 31 halvings find the bits of the mass at which the share is
// reached, since the set {mass > cut} grows as the cut falls; equal masses are then taken from the lowest block on. Sums are fp64
// trees of fixed shape, so reruns are bit-equal.
#include <cstdint>
#include <cuda_runtime.h>

struct SelectHead {
    int qoHead;
    int unused[7];
};

/** Passed by value; byte offsets for the host. */
struct SelectParams {
    const float* blockMass;    // 0: f32 [numQBlocks, numQoHeads, maxKvBlocks]
    const float* thresholds;   // 8: f32 [numQoHeads]
    const int* qOffsets;       // 16: i32 [numSeqs + 1]
    const int* kvOffsets;      // 24: i32 [numSeqs + 1]
    const int* qBlockOffsets;  // 32: i32 [numSeqs + 1]
    int* blockCounts;          // 40: i32 [numQBlocks, numQoHeads]
    int* blockIndices;         // 48: i32 [numQBlocks, numQoHeads, maxKvBlocks]
    const SelectHead* heads;   // 56: [numHeads]
    int numSeqs;               // 64
    int numHeads;              // 68
    int numQoHeads;            // 72
    int maxKvBlocks;           // 76
    int blockSize;             // 80
    int causal;                // 84
    int keepSink;              // 88: bidirectional rows keep block 0
    int keepDiagonal;          // 92: bidirectional rows keep the diagonal
    int groupSize;             // 96: query heads of a KV group
    int mode;                  // 100: 0 query head, 1 union, 2 mean, 3 majority
};

namespace {

constexpr int THREADS = 128;

__device__ __forceinline__ int floorDiv(int a, int b) {
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

__device__ __forceinline__ double blockSum(double x, double* scratch) {
    for (int mask = 16; mask > 0; mask /= 2) {
        x += __shfl_xor_sync(~0u, x, mask);
    }
    __syncthreads();
    if ((threadIdx.x & 31) == 0) {
        scratch[threadIdx.x >> 5] = x;
    }
    __syncthreads();
    return (scratch[0] + scratch[1]) + (scratch[2] + scratch[3]);
}

/** Sum over the threads before this one. */
__device__ __forceinline__ int blockPrefix(int x, int* scratch, int* total) {
    int inclusive = x;
    for (int step = 1; step < 32; step *= 2) {
        int other = __shfl_up_sync(~0u, inclusive, step);
        inclusive += (threadIdx.x & 31) >= step ? other : 0;
    }
    __syncthreads();
    if ((threadIdx.x & 31) == 31) {
        scratch[threadIdx.x >> 5] = inclusive;
    }
    __syncthreads();
    int before = inclusive - x;
    for (int w = 0; w < (threadIdx.x >> 5); w++) {
        before += scratch[w];
    }
    *total = scratch[0] + scratch[1] + scratch[2] + scratch[3];
    return before;
}

struct Row {
    int reachable, sink, diagonal;
    __device__ __forceinline__ bool mandatory(int c) const {
        return c == sink || c == diagonal;
    }
};

/** Adds a vote to every block that one list of masses chooses. */
__device__ void choose(const float* mass, double threshold, const Row& row, uint8_t* votes, double* scratch) {
    double total = 0;
    double kept = 0;
    for (int c = threadIdx.x; c < row.reachable; c += THREADS) {
        total += mass[c];
        kept += row.mandatory(c) ? mass[c] : 0.f;
    }
    total = blockSum(total, scratch);
    kept = blockSum(kept, scratch);
    bool everything = !(threshold < 1) || isnan(total);
    double need = threshold * total;
    bool more = !everything && kept < need;
    uint32_t low = 0;
    uint32_t high = 0x7F800000;
    double above = kept;
    while (more && low < high) {
        uint32_t cut = (low + high) / 2;
        double taken = 0;
        for (int c = threadIdx.x; c < row.reachable; c += THREADS) {
            taken += !row.mandatory(c) && __float_as_uint(mass[c]) > cut ? mass[c] : 0.f;
        }
        taken = kept + blockSum(taken, scratch);
        if (taken < need) {
            high = cut;
            above = taken;
        } else {
            low = cut + 1;
        }
    }
    // Masses above the cut are taken, equal ones from the lowest block on until the share is reached.
    int perThread = (row.reachable + THREADS - 1) / THREADS;
    int begin = threadIdx.x * perThread;
    int end = min(row.reachable, begin + perThread);
    int equal = 0;
    for (int c = begin; c < end; c++) {
        equal += more && !row.mandatory(c) && __float_as_uint(mass[c]) == high;
    }
    int numEqual;
    int rank = blockPrefix(equal, reinterpret_cast<int*>(scratch + 4), &numEqual);
    int wanted = 0;
    double each = __uint_as_float(high);
    while (more && wanted < numEqual && above < need) {
        above += each;
        wanted++;
    }
    for (int c = begin; c < end; c++) {
        uint32_t bits = __float_as_uint(mass[c]);
        bool chosen = everything || row.mandatory(c) || (more && bits > high);
        if (more && !row.mandatory(c) && bits == high) {
            chosen = chosen || rank < wanted;
            rank++;
        }
        votes[c] += chosen;
    }
    __syncthreads();
}

__device__ void store(const SelectParams& p, const Row& row, const uint8_t* votes, int needed, long at, double* scratch) {
    int perThread = (row.reachable + THREADS - 1) / THREADS;
    int begin = threadIdx.x * perThread;
    int end = min(row.reachable, begin + perThread);
    int chosen = 0;
    for (int c = begin; c < end; c++) {
        chosen += votes[c] >= needed || row.mandatory(c);
    }
    int total;
    int to = blockPrefix(chosen, reinterpret_cast<int*>(scratch + 4), &total);
    int* list = p.blockIndices + at * p.maxKvBlocks;
    for (int c = begin; c < end; c++) {
        if (votes[c] >= needed || row.mandatory(c)) {
            list[to++] = c;
        }
    }
    if (threadIdx.x == 0) {
        p.blockCounts[at] = total;
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(THREADS) block_select_rows__mass_f32(const __grid_constant__ SelectParams p) {
    extern __shared__ __align__(16) char raw[];
    __shared__ double scratch[8];
    float* mass = reinterpret_cast<float*>(raw);
    uint8_t* votes = reinterpret_cast<uint8_t*>(raw + sizeof(float) * p.maxKvBlocks);
    int step = p.mode == 0 ? 1 : p.groupSize;
    int choices = p.numHeads / step;
    int blockRow = blockIdx.x / choices;
    int first = blockIdx.x % choices * step;
    // The grid is that of the plan's capacity.
    if (blockRow >= p.qBlockOffsets[p.numSeqs]) {
        return;
    }
    int seq = 0;
    int limit = p.numSeqs;
    while (limit - seq > 1) {
        int middle = (seq + limit) / 2;
        (p.qBlockOffsets[middle] <= blockRow ? seq : limit) = middle;
    }
    int numKeys = p.kvOffsets[seq + 1] - p.kvOffsets[seq];
    int shift = numKeys - (p.qOffsets[seq + 1] - p.qOffsets[seq]);
    int diagonal = floorDiv(shift, p.blockSize) + blockRow - p.qBlockOffsets[seq];
    int numBlocks = (numKeys + p.blockSize - 1) / p.blockSize;
    Row row;
    row.reachable = p.causal ? max(0, min(diagonal + 1, numBlocks)) : numBlocks;
    row.sink = p.causal || p.keepSink ? 0 : -1;
    row.diagonal = p.causal || p.keepDiagonal ? diagonal : -1;
    long base = static_cast<long>(blockRow) * p.numQoHeads;
    for (int c = threadIdx.x; c < row.reachable; c += THREADS) {
        votes[c] = 0;
        mass[c] = 0.f;
    }
    __syncthreads();
    double threshold = 0;
    for (int h = first; h < first + step; h++) {
        int head = p.heads[h].qoHead;
        const float* source = p.blockMass + (base + head) * p.maxKvBlocks;
        if (p.mode == 2) {
            double total = 0;
            for (int c = threadIdx.x; c < row.reachable; c += THREADS) {
                total += source[c];
            }
            total = blockSum(total, scratch);
            for (int c = threadIdx.x; c < row.reachable; c += THREADS) {
                mass[c] += total != 0 ? static_cast<float>(source[c] / total / step) : 0.f;
            }
            threshold += p.thresholds[head];
            continue;
        }
        for (int c = threadIdx.x; c < row.reachable; c += THREADS) {
            mass[c] = source[c];
        }
        __syncthreads();
        choose(mass, p.thresholds[head], row, votes, scratch);
    }
    if (p.mode == 2) {
        __syncthreads();
        choose(mass, threshold / step, row, votes, scratch);
    }
    int needed = p.mode == 3 ? step / 2 + 1 : 1;
    for (int h = first; h < first + step; h++) {
        store(p, row, votes, needed, base + p.heads[h].qoHead, scratch);
    }
}
