// Parameters of the Hopper kernel of 16-bit linear layers.
#pragma once
#include "../common/matmul_sm90a.cuh"

namespace filigree {

/** Passed by value; 64-byte aligned; byte offsets are stated for the host. */
struct LinearParams {
    MatmulParams matmul;  // 0: x [numTokens, inFeatures], w [outFeatures, inFeatures]
    void* y;              // 320: [numTokens, outFeatures], contiguous
    const void* bias;     // 328: [outFeatures] or null
    int biasDtype;        // 336: dtypes as in tensor.cuh
    int yDtype;           // 340
    int reserved[10];     // 344
};

static_assert(sizeof(LinearParams) == 384, "the host counts on it");

}  // namespace filigree
