// Parameters of low-bit linear layers for few tokens.
#pragma once
#include <cstdint>

namespace filigree {

/** Passed by value; byte offsets are stated for the host. */
struct LowBitFewParams {
    const void* x;              // 0: 16-bit [numTokens, inFeatures], rows xStride apart
    const void* w;              // 8: packed i4 [outFeatures, inFeatures], contiguous
    const void* scales;         // 16: f16 or bf16 [outFeatures, inFeatures / 64], contiguous
    const void* channelScales;  // 24: [outFeatures] or null
    const void* bias;           // 32: [outFeatures] or null
    void* y;                    // 40: f32, f16 or bf16 [numTokens, outFeatures], rows yStride apart
    const float* hidden;        // 48: [numTokens, rank], contiguous, or null: no low-rank branch
    const void* up;             // 56: f16 or bf16 [outFeatures, rank], contiguous
    int numTokens;              // 64
    int outFeatures;            // 68
    int inFeatures;             // 72: a multiple of 128
    int scaleDtype;             // 76: dtypes as in tensor.cuh
    int channelScaleDtype;      // 80
    int biasDtype;              // 84
    int upDtype;                // 88
    int yDtype;                 // 92
    int rank;                   // 96
    int xStride;                // 100: elements
    int yStride;                // 104: elements
    int reserved;               // 108
};

static_assert(sizeof(LowBitFewParams) == 112, "the host counts on it");

}  // namespace filigree
