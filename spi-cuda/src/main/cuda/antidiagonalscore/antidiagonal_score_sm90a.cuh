// Parameters of AntidiagonalScore on Hopper, shared by the packing and the scoring kernel.
#pragma once
#include "../common/hopper.cuh"

namespace filigree {

constexpr int SCORE_ROWS = 128;   // query stripes of a tile
constexpr int SCORE_KEYS = 256;   // key stripes of a tile
constexpr int SCORE_BLOCK = 128;  // tokens of a block

/** One served query head; 8 ints, the same table as prefill attention takes. */
struct ScoreHead {
    int qoHead;  // index on the head axis of q and blockMass
    int kvSlot;  // index on the head axis of k
    int unused[6];
};

/** Passed by value; byte offsets are stated for the host. n = 128 / stride stripes make a block. */
struct ScoreParams {
    TensorMap q;               // 0: 16-bit packedQ as (stride * headDim, numHeads * numQRows), box (64, 128), 128-byte swizzle
    TensorMap k;               // 128: 16-bit packedK as (stride * headDim, numKvSlots * numKvRows), box (64, 256), 128-byte swizzle
    const void* qTensor;       // 256: 16-bit [numTokens, numQoHeads, headDim]
    const void* kTensor;       // 264: 16-bit [numKvTokens, numKvSlots, headDim]
    void* packedQ;             // 272: workspace 16-bit [numHeads, numQRows, stride * headDim], residues reversed
    void* packedK;             // 280: workspace 16-bit [numKvSlots, numKvRows, stride * headDim]
    float* blockMass;          // 288: f32 [numQBlocks, numQoHeads, maxKvBlocks]
    const int* qOffsets;       // 296: i32 [numSeqs + 1]
    const int* kvOffsets;      // 304: i32 [numSeqs + 1]
    const int* qBlockOffsets;  // 312: i32 [numSeqs + 1]
    const ScoreHead* heads;    // 320: [numHeads]
    float* partial;            // 328: workspace f32 [grid, maxKeyTiles, 128, 256 / n]
    float* tileMax;            // 336: workspace f32 [grid, maxKeyTiles, 128]
    int* queue;                // 344: workspace i32 [1]
    float factor;              // 352: scale / (stride * norm), above 0
    int numSeqs;               // 356
    int numHeads;              // 360: served query heads
    int numQoHeads;            // 364
    int numKvSlots;            // 368
    int numQRows;              // 372: numQBlocks * n
    int numKvRows;             // 376: numKvTokens / stride + numSeqs
    int maxKvBlocks;           // 380
    int maxKeyTiles;           // 384: ceil(longest Lk / stride / 256)
    int causal;                // 388
    int stride;                // 392: 4, 8 or 16
    int headDim;               // 396: 64 or 128
    int alternating;           // 400: 1 for Residues.ALTERNATING
    int reserved[3];           // 404; size 416, padded to 448
};

/** First packed key row of a sequence; rows of different sequences never overlap. */
__device__ __forceinline__ int keyRowBase(const ScoreParams& p, int seq) {
    return p.kvOffsets[seq] / p.stride + seq;
}

}  // namespace filigree
