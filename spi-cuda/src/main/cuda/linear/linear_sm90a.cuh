// Parameters of the Hopper kernel of 16-bit linear layers.
#pragma once
#include "../common/hopper.cuh"

namespace filigree {

/** Passed by value; 64-byte aligned; byte offsets are stated for the host. */
struct LinearParams {
    TensorMap x;         // 0: 16-bit [numTokens, inFeatures] as (inFeatures, numTokens), box (64, 128), 128-byte swizzle, zero fill
    TensorMap w;         // 128: 16-bit [outFeatures, inFeatures], box (64, 256 / blocks of a cluster)
    void* y;             // 256: [numTokens, outFeatures], contiguous
    const void* bias;    // 264: [outFeatures] or null
    int numTokens;       // 272
    int outFeatures;     // 276
    int inFeatures;      // 280
    int biasDtype;       // 284: DType of tensor.cuh
    int yDtype;          // 288: DType of tensor.cuh
    int reserved[7];     // 292
};

static_assert(sizeof(LinearParams) == 320, "the host counts on it");

}  // namespace filigree
