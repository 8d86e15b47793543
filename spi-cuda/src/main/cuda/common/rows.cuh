// What kernels over rows and over sequences share: reductions in a fixed order, and where a row of a ragged batch lies.
#pragma once

#include "tensor.cuh"

namespace filigree {

constexpr unsigned ALL_LANES = 0xffffffffu;

__device__ inline float nan32() { return __int_as_float(0x7fc00000); }

// Largest value as Math.max has it: NaN wins.
__device__ inline float maxNan(float a, float b) { return a != a || b != b ? nan32() : fmaxf(a, b); }

__device__ inline float minNan(float a, float b) { return a != a || b != b ? nan32() : fminf(a, b); }

// Sum over a warp in the order of a butterfly, the same for every lane.
template <typename T>
__device__ inline T warpSum(T value) {
    for (int step = 16; step > 0; step >>= 1) {
        value += __shfl_xor_sync(ALL_LANES, value, step);
    }
    return value;
}

__device__ inline float warpMaxNan(float value) {
    for (int step = 16; step > 0; step >>= 1) {
        value = maxNan(value, __shfl_xor_sync(ALL_LANES, value, step));
    }
    return value;
}

__device__ inline float warpMinNan(float value) {
    for (int step = 16; step > 0; step >>= 1) {
        value = minNan(value, __shfl_xor_sync(ALL_LANES, value, step));
    }
    return value;
}

// Sum over a block of up to 1024 threads. `shared` holds 32 values; the first barrier lets the sum before be read.
template <typename T>
__device__ inline T blockSum(T value, T* shared) {
    value = warpSum(value);
    __syncthreads();
    if ((threadIdx.x & 31) == 0) {
        shared[threadIdx.x >> 5] = value;
    }
    __syncthreads();
    const int numWarps = (blockDim.x + 31) >> 5;
    T sum = 0;
    for (int warp = 0; warp < numWarps; warp++) {
        sum += shared[warp];
    }
    return sum;
}

// The sequence of a packed row: the last whose offset is not past it. Offsets ascend; empty sequences share theirs.
__device__ inline int sequenceOf(const Tensor& offsets, int row) {
    int low = 0;
    int high = static_cast<int>(offsets.extent[0]) - 2;
    while (low < high) {
        const int middle = (low + high + 1) >> 1;
        if (loadInt(offsets, at(offsets, middle)) <= row) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

__device__ inline int floorDiv(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

__device__ inline int ceilDiv(int a, int b) { return (a + b - 1) / b; }

}  // namespace filigree
