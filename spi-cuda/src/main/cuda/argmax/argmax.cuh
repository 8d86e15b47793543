#pragma once

#include "../common/rows.cuh"

namespace filigree {

// Ascending with the logit, NaN above all; -0 counts as 0.
__device__ inline unsigned orderedBits(float value) {
    if (value != value) {
        return 0xffffffffu;
    }
    const unsigned bits = __float_as_uint(value + 0.0f);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

// The result of Argmax for a row, for every thread of a block of at most 256.
__device__ inline int argmaxOfRow(const Tensor& logits, long long row) {
    __shared__ unsigned long long best[256];
    // Larger logit first, then lower index: one key that a maximum picks.
    unsigned long long key = 0;
    for (long long i = threadIdx.x; i < logits.extent[1]; i += blockDim.x) {
        const unsigned long long bits = orderedBits(load(logits, at(logits, row, i)));
        const unsigned long long candidate = bits << 32 | (0xffffffffu - static_cast<unsigned>(i));
        key = candidate > key ? candidate : key;
    }
    __syncthreads();  // the row before has been read
    best[threadIdx.x] = key;
    __syncthreads();
    for (int half = blockDim.x / 2; half > 0; half >>= 1) {
        if (threadIdx.x < half && best[threadIdx.x + half] > best[threadIdx.x]) {
            best[threadIdx.x] = best[threadIdx.x + half];
        }
        __syncthreads();
    }
    return static_cast<int>(0xffffffffu - static_cast<unsigned>(best[0]));
}

}  // namespace filigree
