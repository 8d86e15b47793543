// What comes before the product of low_bit_groups_sm90a.cu: 4-bit codes of a side widen to e4m3, which they are exactly, scales go
// into the order that the product reads (fp32, group by group), and the low-rank factor is doubled. Bound by memory: a thread takes
// 32 codes, then 4 scales, then a factor.
#pragma once
#include <cstdint>

#include "../common/tensor.cuh"
#include "low_bit_groups_sm90a.cuh"

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
    int blocks;          // 84: that do this; the others of the grid widen the weight
};

static_assert(sizeof(QuantizeDownParams) == 88, "the host counts on it");

/** Both in one launch. */
struct QuantizeWidenParams {
    QuantizeDownParams quantize;  // 0
    LowBitWidenParams widen;      // 88
};

/**
 * Columns of the low-rank branch: 64 a step. A step holds 32 ranks: hidden is the sum of its two halves' bf16 numbers, and up is in
 * both halves. An f16 up takes two steps for each 32 ranks, for the upper and the lower part of up.
 */
constexpr int BRANCH_RANKS = 32;

/** 4 codes of two's complement -> their e4m3 bytes. */
__device__ __forceinline__ uint32_t widen(uint32_t codes) {
    uint32_t magnitude = codes & 0x7777;
    uint32_t positive = __byte_perm(0x44403800, 0x4E4C4A48, magnitude);  // 0 to 7
    uint32_t negative = __byte_perm(0xCACCCED0, 0xB8C0C4C8, magnitude);  // -8 to -1
    return __byte_perm(positive, negative, 0x3210 | (codes >> 1 & 0x4444));
}

__device__ __forceinline__ uint4 widen(uint32_t low, uint32_t high) {
    return {widen(low & 0xFFFF), widen(low >> 16), widen(high & 0xFFFF), widen(high >> 16)};
}

__device__ __forceinline__ void widenCodes(const LowBitWidenParams& p, unsigned i) {
    unsigned chunks = p.numSteps * 4;
    long row = i / chunks;
    int column = i % chunks * 32;
    uint4 codes = {0, 0, 0, 0};
    if (column < p.columns) {
        codes = __ldg(reinterpret_cast<const uint4*>(static_cast<const char*>(p.codes) + (row * p.columns + column) / 2));
    }
    uint4* to = reinterpret_cast<uint4*>(static_cast<char*>(p.wide) + row * p.numSteps * 128 + column);
    to[0] = widen(codes.x, codes.y);
    to[1] = widen(codes.z, codes.w);
}

/** Scales of 4 neighbouring groups of a row; neighbouring threads have neighbouring rows. */
__device__ __forceinline__ void widenScales(const LowBitWidenParams& p, unsigned i) {
    unsigned row = i % static_cast<unsigned>(p.numRows);
    int group0 = i / static_cast<unsigned>(p.numRows) * 4;
    int numGroups = (p.columns + 63) / 64;
    float* to = p.wideScales + (p.slots ? wScaleSlot(row) : row);
    const char* scales = static_cast<const char*>(p.scales);
#pragma unroll
    for (int group = group0; group < min(group0 + 4, 2 * p.numSteps); group++) {
        float scale = group < numGroups ? load(scales, p.scaleDtype, static_cast<long long>(row) * numGroups + group) : 0.f;
        to[static_cast<long>(group) * p.pitch] = scale;
    }
}

__device__ __forceinline__ void widenUp(const LowBitWidenParams& p, unsigned i) {
    unsigned columns = 64 * p.branchSteps;
    long row = i / columns;
    int column = i % columns;
    int parts = p.upDtype == BF16 ? 1 : 2;
    int rank = column / (64 * parts) * BRANCH_RANKS + column % BRANCH_RANKS;
    float up = rank < p.rank ? load(static_cast<const char*>(p.up), p.upDtype, row * p.rank + rank) : 0.f;
    __nv_bfloat16 high = __float2bfloat16_rn(up);
    bool lower = column / 64 % parts == 1;
    static_cast<__nv_bfloat16*>(p.wideUp)[i] = lower ? __float2bfloat16_rn(up - __bfloat162float(high)) : high;
}

/** All of it by blocks of 256 threads. */
__device__ __forceinline__ void widenAll(const LowBitWidenParams& p, unsigned block, unsigned blocks) {
    unsigned step = blocks * 256;
    unsigned first = block * 256 + threadIdx.x;
    for (unsigned i = first; i < static_cast<unsigned>(p.numRows) * p.numSteps * 4; i += step) {
        widenCodes(p, i);
    }
    for (unsigned i = first; i < static_cast<unsigned>(p.numRows) * ((p.numSteps + 1) / 2); i += step) {
        widenScales(p, i);
    }
    if (p.up != nullptr) {
        for (unsigned i = first; i < static_cast<unsigned>(p.numRows) * p.branchSteps * 64; i += step) {
            widenUp(p, i);
        }
    }
}

}  // namespace filigree
