// What comes before the product of low_bit_groups_sm90a.cu.
#pragma once
#include <cstdint>

namespace filigree {

/** One side's 4-bit codes in memory. Passed by value; byte offsets are stated for the host. */
struct LowBitWidenParams {
    const void* codes;   // 0: i4 [numRows, columns], rows side by side
    const void* scales;  // 8: f16 or bf16 [numRows, columns / 64 rounded up], rows side by side
    void* wide;          // 16: e4m3 [numRows, 128 numSteps]
    float* wideScales;   // 24: [2 numSteps, pitch]
    const void* up;      // 32: f16 or bf16 [numRows, rank], or null
    void* wideUp;        // 40: bf16 [numRows, 64 branchSteps]
    int numRows;         // 48
    int columns;         // 52: a multiple of 32
    int numSteps;        // 56: of 128 columns
    int pitch;           // 60
    int scaleDtype;      // 64: dtypes as in tensor.cuh
    int slots;           // 68: 1: scales in the order of wScaleSlot
    int upDtype;         // 72
    int rank;            // 76
    int branchSteps;     // 80
    int reserved;        // 84
};

static_assert(sizeof(LowBitWidenParams) == 88, "the host counts on it");

/** Passed by value; byte offsets are stated for the host. */
struct QuantizeDownParams {
    const void* x;       // 0: f16 or bf16 [numTokens, inFeatures], rows side by side
    const void* smooth;  // 8: f32, f16 or bf16 [inFeatures], or null
    const void* down;    // 16: as x [rank, inFeatures], rows side by side, or null
    void* codes;         // 24: e4m3 [numTokens, 128 numSteps]
    float* scales;       // 32: [2 numSteps, pitch]
    void* hidden;        // 40: bf16 [numTokens, 64 branchSteps]
    int numTokens;       // 48
    int inFeatures;      // 52: a multiple of 8
    int numSteps;        // 56
    int pitch;           // 60
    int smoothDtype;     // 64: dtypes as in tensor.cuh
    int scaleDtype;      // 68: scales are rounded to it
    float shift;         // 72
    int rank;            // 76
    int branchSteps;     // 80: of 32 ranks, or twice as many
    int reserved;        // 84
};

static_assert(sizeof(QuantizeDownParams) == 88, "the host counts on it");

/**
 * Columns of the low-rank branch: 64 a step. A step holds 32 ranks: hidden is the sum of its two halves' bf16 numbers, and up is in
 * both halves. An f16 up takes two steps for each 32 ranks, for the upper and the lower part of up.
 */
constexpr int BRANCH_RANKS = 32;

}  // namespace filigree
