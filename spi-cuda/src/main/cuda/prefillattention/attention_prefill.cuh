// Parameters and geometry of Hopper prefill attention, shared by the schedule and the attention kernel.
#pragma once
#include "../common/hopper.cuh"

namespace filigree {

constexpr int PREFILL_TILE = 128;

/** What a head computes. */
enum HeadPatternCode { HEAD_DENSE = 0, HEAD_STREAMING = 1, HEAD_BLOCK_LIST = 2 };

/** One served query head, 32 bytes; the table is data, so one launch serves mixed heads. */
struct PrefillHead {
    int qoHead;   // index on the head axis of q, out, lse and the block lists
    int kvSlot;   // index on the head axis of k and v
    int pattern;  // HeadPatternCode
    int sink;     // tokens, streaming only
    int recent;   // tokens, streaming only, 1 or more
    int reserved0, reserved1, reserved2;
};

/** One unit of work: 128 query positions of one head. */
struct PrefillItem {
    int seq;      // sequence of the batch; -1 ends the work of a block
    int qBlock;   // absolute position / 128, may be negative where Lq > Lk
    int head;     // row of the head table
    int kvTiles;  // key tiles to read
};

/** Passed by value; 64-byte aligned; byte offsets are stated for the host. */
struct PrefillParams {
    TensorMap q;                // 0: 16-bit [numTokens, numQoHeads, headDim] as (headDim, numQoHeads, numTokens), box (64, 1, 128)
    TensorMap k;                // 128: 16-bit [numKvTokens, numKvSlots, headDim], box (64, 1, 128), 128-byte swizzle, zero fill
    TensorMap v;                // 256: as k
    void* out;                  // 384: 16-bit [numTokens, numQoHeads, headDim], contiguous, same type as q
    float* lse;                 // 392: f32 [numTokens, numQoHeads], natural log
    const int* qOffsets;        // 400: i32 [numSeqs + 1]
    const int* kvOffsets;       // 408: i32 [numSeqs + 1]
    const int* qBlockOffsets;   // 416: i32 [numSeqs + 1], read for block lists only
    const int* blockCounts;     // 424: i32 [numQBlocks, numQoHeads], read for block lists only
    const int* blockIndices;    // 432: i32 [numQBlocks, numQoHeads, maxKvBlocks], ascending, read for block lists only
    const PrefillHead* heads;   // 440: [numHeads]
    PrefillItem* items;         // 448: workspace [numHeads * (numTokens / 128 + 2 * numSeqs)]
    int* queue;                 // 456: workspace i32 [2]: next item, number of items
    float scale;                // 464: factor on scores, above 0
    int numSeqs;                // 468
    int numHeads;               // 472: served query heads
    int numQoHeads;             // 476
    int maxKvBlocks;            // 480
    int causal;                 // 484: 1 causal bottom-right, 0 bidirectional
    int headsPerSection;        // 488: neighbouring heads scheduled together, so that their keys and values fit the L2 cache
    int reserved;               // 492
};

__host__ __device__ __forceinline__ int floorDiv128(int x) {
    return x >> 7;
}

/** An item with everything looked up, so that loading and multiplying warps read shared memory only. 80 bytes. */
struct PrefillWork {
    int seq;         // -1 ends the work of a block
    int qoHead;
    int kvSlot;
    int pattern;     // HeadPatternCode
    int sink;
    int recent;
    int position;    // absolute position of the first row, may be negative
    int numKeys;     // Lk
    int shift;       // Lk - Lq: position of query 0
    int numQueries;  // Lq
    int qBegin;      // first query token of the sequence
    int kvBegin;     // first key token of the sequence
    int reach;       // key tiles below this may be read
    int low;         // streaming: first tile of the recent window
    int count;       // key tiles to read
    int newest;      // the first tile to read
    const int* list; // chosen tiles, ascending; null for the other patterns
    long reserved;

    __device__ __forceinline__ void locate(const PrefillParams& p, int headRow, int sequence, int qBlock) {
        PrefillHead head = p.heads[headRow];
        seq = sequence;
        qoHead = head.qoHead;
        kvSlot = head.kvSlot;
        pattern = head.pattern;
        sink = head.sink;
        recent = head.recent;
        position = qBlock * PREFILL_TILE;
        qBegin = p.qOffsets[seq];
        kvBegin = p.kvOffsets[seq];
        numQueries = p.qOffsets[seq + 1] - qBegin;
        numKeys = p.kvOffsets[seq + 1] - kvBegin;
        shift = numKeys - numQueries;
        int numTiles = (numKeys + PREFILL_TILE - 1) / PREFILL_TILE;
        reach = p.causal || pattern == HEAD_STREAMING ? max(0, min(numTiles, qBlock + 1)) : numTiles;
        low = 0;
        count = reach;
        list = nullptr;
        if (pattern == HEAD_STREAMING) {
            low = min(max(0, floorDiv128(position - recent + 1)), reach);
            count = reach - low + min((sink + PREFILL_TILE - 1) / PREFILL_TILE, low);
        } else if (pattern == HEAD_BLOCK_LIST) {
            long row = static_cast<long>(p.qBlockOffsets[seq] + qBlock - floorDiv128(shift)) * p.numQoHeads + qoHead;
            list = p.blockIndices + row * p.maxKvBlocks;
            count = p.blockCounts[row];
            while (count > 0 && list[count - 1] >= reach) {
                count--;
            }
        }
        newest = count > 0 ? tile(0) : 0;
    }

    /** The i-th tile to read; the newest, the only one that the causal edge or the end of the keys may cut, is first. */
    __device__ __forceinline__ int tile(int i) const {
        return list != nullptr ? list[count - 1 - i] : windowTile(i, reach, low, count);
    }

    static __device__ __forceinline__ int windowTile(int i, int reach, int low, int count) {
        int recentTiles = reach - low;
        return i < recentTiles ? reach - 1 - i : count - 1 - i;
    }
};

static_assert(sizeof(PrefillWork) == 80, "the host and the shared-memory layout count on it");

}  // namespace filigree
