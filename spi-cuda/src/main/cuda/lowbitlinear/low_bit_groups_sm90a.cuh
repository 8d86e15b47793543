// Parameters of low-bit linear layers whose both sides have a scale per 64 inputs.
#pragma once
#include "../common/hopper.cuh"

namespace filigree {

/** Passed by value; 64-byte aligned; byte offsets are stated for the host. */
struct LowBitGroupsParams {
    TensorMap x;                // 0: e4m3 [numTokens, 128 numSteps] seen as 16-bit pairs, box (64, 128)
    TensorMap w;                // 128: e4m3 [outFeatures, 128 numSteps] likewise
    TensorMap hidden;           // 256: bf16 [numTokens, 64 numBranchSteps], box (64, 128)
    TensorMap up;               // 384: bf16 [outFeatures, 64 numBranchSteps], box (64, 128)
    const float* xScales;       // 512: [2 numSteps, xPitch]
    const float* wScales;       // 520: [2 numSteps, wPitch], runs of 16 outputs in the order of wScaleSlot
    void* y;                    // 528: [numTokens, outFeatures], rows yStride apart
    const void* channelScales;  // 536: [outFeatures] or null
    const void* bias;           // 544: [outFeatures] or null
    int numTokens;              // 552
    int outFeatures;            // 556
    int numSteps;               // 560: of 128 inputs
    int numBranchSteps;         // 564: of 64 columns of hidden
    int xPitch;                 // 568: a multiple of 128, at least numTokens
    int wPitch;                 // 572
    int yStride;                // 576: elements
    int yDtype;                 // 580
    int channelScaleDtype;      // 584
    int biasDtype;              // 588
    int reserved[12];           // 592
};

static_assert(sizeof(LowBitGroupsParams) == 640, "the host counts on it");

/** Where the scale of an output lies in its run of 16: a thread of the product reads its four at once. */
__host__ __device__ __forceinline__ int wScaleSlot(int output) {
    return (output & ~15) + (output >> 1 & 3) * 4 + (output >> 3 & 1) * 2 + (output & 1);
}

}  // namespace filigree
