// Parameters of low-bit linear layers whose both sides have one scale per row.
#pragma once
#include "../common/matmul_sm90a.cuh"

namespace filigree {

/** Passed by value; 64-byte aligned; byte offsets are stated for the host. */
struct LowBitRowsParams {
    MatmulParams matmul;        // 0: i8 x [numTokens, inFeatures], i8 w [outFeatures, inFeatures], in pairs
    void* y;                    // 320: [numTokens, outFeatures], contiguous
    const void* xScales;        // 328: [numTokens]
    const void* wScales;        // 336: [outFeatures]
    const void* channelScales;  // 344: [outFeatures] or null
    const void* bias;           // 352: [outFeatures] or null
    int yDtype;                 // 360: dtypes as in tensor.cuh
    int xScaleDtype;            // 364
    int wScaleDtype;            // 368
    int channelScaleDtype;      // 372
    int biasDtype;              // 376
    int reserved;               // 380
};

static_assert(sizeof(LowBitRowsParams) == 384, "the host counts on it");

}  // namespace filigree
