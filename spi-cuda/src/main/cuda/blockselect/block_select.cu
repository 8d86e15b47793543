// The fewest key blocks whose mass reaches a share of their row's (XAttention section 2.2, made canonical). A block of 256
// threads takes one block row of one head, or of one group where its heads agree. Masses, sort buffers and flags lie in
// scratch; thread 0 alone adds masses, in fp64 and in the order that the op names, since lists must be equal bit for bit.
#include "../common/sort.cuh"

namespace filigree {

enum GroupMode { QUERY_HEAD, UNION, MEAN, MAJORITY };

struct Row {
    double* mass;
    SortBuffers sort;
    int* chosen;
    int* votes;
    int reachable;
    int sink;      // -1: none
    int diagonal;  // -1: none

    __device__ bool mandatory(int block) const { return block == sink || block == diagonal; }
};

// Chooses by row.mass. The barriers hand masses to thread 0, its verdict to all, and the flags on.
__device__ inline void choose(Row& row, double threshold, int numBits) {
    __shared__ double totals[2];
    __shared__ int everything;
    __syncthreads();
    if (threadIdx.x == 0) {
        double total = 0;
        double taken = 0;
        for (int c = 0; c < row.reachable; c++) {
            total += row.mass[c];
            taken += row.mandatory(c) ? row.mass[c] : 0;
        }
        totals[0] = total;
        totals[1] = taken;
        everything = !(threshold < 1) || total != total;
    }
    __syncthreads();
    for (int c = threadIdx.x; c < row.reachable; c += blockDim.x) {
        row.chosen[c] = everything || row.mandatory(c);
        row.sort.items[0][c] = c;
        // Falling mass: the complement, in the upper half where the masses are floats.
        const unsigned long long falling = ~orderedBits64(row.mass[c]);
        row.sort.keys[0][c] = numBits == 64 ? falling : falling >> 29;  // 1 sign, 11 exponent, 23 mantissa bits of a float
    }
    __syncthreads();
    if (everything || !(totals[1] < threshold * totals[0])) {
        return;
    }
    sortByKey(row.sort, row.reachable, numBits == 64 ? 64 : 40);
    if (threadIdx.x == 0) {
        double taken = totals[1];
        for (int n = 0; n < row.reachable && taken < threshold * totals[0]; n++) {
            const int block = row.sort.items[0][n];
            if (!row.chosen[block]) {
                row.chosen[block] = 1;
                taken += row.mass[block];
            }
        }
    }
    __syncthreads();
}

__device__ inline void readMass(Row& row, const Tensor& blockMass, int r, int head) {
    __syncthreads();  // the choice before has been read
    for (int c = threadIdx.x; c < row.reachable; c += blockDim.x) {
        row.mass[c] = load(blockMass, at(blockMass, r, head, c));
    }
}

// Mean of the masses of a group, each over its head's total; returns the mean threshold.
__device__ inline double meanMass(Row& row, const Tensor& blockMass, const Tensor& thresholds, int r, int head, int groupSize) {
    __shared__ double total;
    double threshold = 0;
    __syncthreads();
    for (int c = threadIdx.x; c < row.reachable; c += blockDim.x) {
        row.mass[c] = 0;
    }
    for (int h = head; h < head + groupSize; h++) {
        __syncthreads();  // the total before has been read
        if (threadIdx.x == 0) {
            double sum = 0;
            for (int c = 0; c < row.reachable; c++) {
                sum += load(blockMass, at(blockMass, r, h, c));
            }
            total = sum;
        }
        __syncthreads();
        for (int c = threadIdx.x; c < row.reachable && total != 0; c += blockDim.x) {
            row.mass[c] += load(blockMass, at(blockMass, r, h, c)) / total / groupSize;
        }
        threshold += load(thresholds, at(thresholds, h));
    }
    return threshold / groupSize;
}

__device__ inline void storeList(const Row& row, const Tensor& counts, const Tensor& indices, int r, int head) {
    const int count = compact(
        row.reachable, [&](int c) { return row.chosen[c] != 0; },
        [&](int n, int c) { storeInt(indices, at(indices, r, head, n), c); });
    if (threadIdx.x == 0) {
        storeInt(counts, at(counts, r, head), count);
    }
}

}  // namespace filigree

extern "C" __global__ void __launch_bounds__(256)
block_select__cuda(const filigree::Tensor* blockMass, const filigree::Tensor* thresholds, const filigree::Tensor* qOffsets,
                   const filigree::Tensor* kvOffsets, const filigree::Tensor* qBlockOffsets, const filigree::Tensor* blockCounts,
                   const filigree::Tensor* blockIndices, const int* kvHeads, int numKvHeads, int groupSize, int blockSize,
                   int causal, int keepSink, int keepDiagonal, int mode, int maxBlocks, char* scratch) {
    using namespace filigree;
    // Per block of threads: masses, sort buffers, flags and votes of maxBlocks entries.
    char* own = scratch + static_cast<long long>(blockIdx.x) * (8 + 24 + 8) * maxBlocks;
    Row row;
    row.mass = reinterpret_cast<double*>(own);
    const SortBuffers buffers = sortBuffers(own + 8ll * maxBlocks, maxBlocks);
    row.chosen = reinterpret_cast<int*>(own + 32ll * maxBlocks);
    row.votes = row.chosen + maxBlocks;
    const int perHead = mode == QUERY_HEAD ? groupSize : 1;
    const int numRows = loadInt(*qBlockOffsets, at(*qBlockOffsets, qBlockOffsets->extent[0] - 1));
    const long long numItems = static_cast<long long>(numRows) * numKvHeads * perHead;
    for (long long n = blockIdx.x; n < numItems; n += gridDim.x) {
        const int r = static_cast<int>(n / (numKvHeads * perHead));
        const int unit = static_cast<int>(n % (numKvHeads * perHead));
        const int head = kvHeads[unit / perHead] * groupSize + unit % perHead;
        const int s = sequenceOf(*qBlockOffsets, r);
        const int lq = loadInt(*qOffsets, at(*qOffsets, s + 1)) - loadInt(*qOffsets, at(*qOffsets, s));
        const int lk = loadInt(*kvOffsets, at(*kvOffsets, s + 1)) - loadInt(*kvOffsets, at(*kvOffsets, s));
        const int diagonal = floorDiv(lk - lq, blockSize) + r - loadInt(*qBlockOffsets, at(*qBlockOffsets, s));
        const int numKvBlocks = ceilDiv(lk, blockSize);
        row.sort = buffers;
        row.reachable = causal ? min(max(diagonal + 1, 0), numKvBlocks) : numKvBlocks;
        row.sink = causal || keepSink ? 0 : -1;
        row.diagonal = causal || keepDiagonal ? diagonal : -1;
        if (mode == QUERY_HEAD) {
            readMass(row, *blockMass, r, head);
            choose(row, load(*thresholds, at(*thresholds, head)), 32);
            storeList(row, *blockCounts, *blockIndices, r, head);
            continue;
        }
        if (mode == MEAN) {
            const double threshold = meanMass(row, *blockMass, *thresholds, r, head, groupSize);
            choose(row, threshold, 64);
        } else {
            for (int c = threadIdx.x; c < row.reachable; c += blockDim.x) {
                row.votes[c] = 0;
            }
            for (int h = head; h < head + groupSize; h++) {
                row.sort = buffers;
                readMass(row, *blockMass, r, h);
                choose(row, load(*thresholds, at(*thresholds, h)), 32);
                for (int c = threadIdx.x; c < row.reachable; c += blockDim.x) {
                    row.votes[c] += row.chosen[c];
                }
            }
            const int needed = mode == UNION ? 1 : groupSize / 2 + 1;
            for (int c = threadIdx.x; c < row.reachable; c += blockDim.x) {
                row.chosen[c] = row.votes[c] >= needed || row.mandatory(c);
            }
            __syncthreads();
        }
        for (int h = head; h < head + groupSize; h++) {
            storeList(row, *blockCounts, *blockIndices, r, h);
        }
        __syncthreads();  // the lists are written before the flags are
    }
}
