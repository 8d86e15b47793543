// Parameters of the dequantization of low-bit weights for many tokens.
#pragma once
#include <cstdint>

namespace filigree {

/** Passed by value; byte offsets are stated for the host. */
struct LowBitDequantizeParams {
    const void* codes;          // 0: i4, u4, e2m1 or i8 [outFeatures, inFeatures], rows side by side
    const void* scales;         // 8: [outFeatures, numGroups], rows side by side
    const void* zeros;          // 16: [outFeatures, numGroups], rows side by side, or null
    const void* channelScales;  // 24: [outFeatures] or null
    void* w;                    // 32: f16 or bf16 [outFeatures, inFeatures]
    int outFeatures;            // 40
    int inFeatures;             // 44: a multiple of 8
    int groupSize;              // 48: columns of a scale, a multiple of 8, or all
    int numGroups;              // 52
    int codeDtype;              // 56: dtypes as in tensor.cuh
    int scaleDtype;             // 60
    int zeroDtype;              // 64
    int channelScaleDtype;      // 68
    int dtype;                  // 72: of w
    int reserved;               // 76
};

static_assert(sizeof(LowBitDequantizeParams) == 80, "the host counts on it");

}  // namespace filigree
