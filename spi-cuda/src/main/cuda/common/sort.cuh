// A stable radix sort of one block: exact orders for selection, whatever the number of candidates.
#pragma once

#include "rows.cuh"

namespace filigree {

// Buffers of n entries each in a kernel's scratch; a sort leaves its result in keys[0] and items[0].
struct SortBuffers {
    unsigned long long* keys[2];
    unsigned* items[2];
};

// Bytes of one block's sort of n items; Scratch.java computes the same.
__host__ __device__ inline long long sortBytes(long long n) { return 24 * n; }

__device__ inline SortBuffers sortBuffers(char* scratch, long long n) {
    unsigned long long* keys = reinterpret_cast<unsigned long long*>(scratch);
    unsigned* items = reinterpret_cast<unsigned*>(scratch + 16 * n);
    return {{keys, keys + n}, {items, items + n}};
}

// Ascending with the value, NaN above all, -0 equal to 0.
__device__ inline unsigned long long orderedBits64(double value) {
    const unsigned long long bits = __double_as_longlong(value + 0.0);
    return bits >> 63 ? ~bits : bits | 1ull << 63;
}

constexpr int SORT_THREADS = 256;

// Sorts by ascending key, equal keys in the order they have. All 256 threads call it; numBits is a multiple of 8. Each thread
// counts and moves a contiguous part per digit of 4 bits; 16 KiB of shared memory hold the counts, digit-major, so that their
// running sum is where each thread's first item of a digit goes. Barriers: counts complete, sums complete, items moved.
__device__ inline void sortByKey(SortBuffers& buffers, int n, int numBits) {
    __shared__ unsigned counts[16 * SORT_THREADS];
    __shared__ unsigned totals[SORT_THREADS];
    const int tid = threadIdx.x;
    const int part = ceilDiv(n, SORT_THREADS);
    const int begin = min(n, tid * part);
    const int end = min(n, begin + part);
    for (int shift = 0; shift < numBits; shift += 4) {
        const unsigned long long* keys = buffers.keys[0];
        for (int digit = 0; digit < 16; digit++) {
            counts[digit * SORT_THREADS + tid] = 0;
        }
        for (int i = begin; i < end; i++) {
            counts[(keys[i] >> shift & 15) * SORT_THREADS + tid]++;
        }
        __syncthreads();
        unsigned sum = 0;
        for (int i = 0; i < 16; i++) {
            sum += counts[tid * 16 + i];
        }
        totals[tid] = sum;
        __syncthreads();
        unsigned before = 0;
        for (int i = 0; i < tid; i++) {
            before += totals[i];
        }
        for (int i = 0; i < 16; i++) {
            const unsigned own = counts[tid * 16 + i];
            counts[tid * 16 + i] = before;
            before += own;
        }
        __syncthreads();
        for (int i = begin; i < end; i++) {
            const unsigned to = counts[(keys[i] >> shift & 15) * SORT_THREADS + tid]++;
            buffers.keys[1][to] = keys[i];
            buffers.items[1][to] = buffers.items[0][i];
        }
        __syncthreads();
        unsigned long long* sortedKeys = buffers.keys[1];
        buffers.keys[1] = buffers.keys[0];
        buffers.keys[0] = sortedKeys;
        unsigned* sortedItems = buffers.items[1];
        buffers.items[1] = buffers.items[0];
        buffers.items[0] = sortedItems;
    }
}

// Writes the chosen of n items in ascending order with the first warp and returns their number there.
template <typename Chosen, typename Write>
__device__ inline int compact(int n, Chosen chosen, Write write) {
    int count = 0;
    const int lane = threadIdx.x;
    if (lane < 32) {
        for (int first = 0; first < n; first += 32) {
            const bool take = first + lane < n && chosen(first + lane);
            const unsigned taken = __ballot_sync(ALL_LANES, take);
            if (take) {
                write(count + __popc(taken & ((1u << lane) - 1)), first + lane);
            }
            count += __popc(taken);
        }
    }
    return count;
}

}  // namespace filigree
