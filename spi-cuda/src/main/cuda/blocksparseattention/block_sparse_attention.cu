// Attention over chosen blocks of keys (XAttention section 2.3): a tile holds queries of one block row and one head, whose list
// is walked in the kernel. The general path of attention.cuh.
#include "../common/attention.cuh"

extern "C" __global__ void __launch_bounds__(128)
block_sparse_attention__cuda(const filigree::Tensor* qs, const filigree::Tensor* k, const filigree::Tensor* v,
                             const filigree::Tensor* qOffsets, const filigree::Tensor* kvOffsets,
                             const filigree::Tensor* qBlockOffsets, const filigree::Tensor* blockCounts,
                             const filigree::Tensor* blockIndices, const filigree::Tensor* out, const filigree::Tensor* lse,
                             const int* kvHeads, const int* kvSlots, int numKvHeads, int groupSize, float scale, int causal,
                             int blockSize) {
    using namespace filigree;
    __shared__ AttentionShared sh;
    const Tensor q = *qs;
    const int numRows = loadInt(*qBlockOffsets, at(*qBlockOffsets, qBlockOffsets->extent[0] - 1));
    const int tilesPerBlock = ceilDiv(blockSize, TILE_ROWS);
    const int numHeads = numKvHeads * groupSize;
    const long long numItems = static_cast<long long>(numRows) * tilesPerBlock * numHeads;
    for (long long n = blockIdx.x; n < numItems; n += gridDim.x) {
        const int i = static_cast<int>(n % numHeads);
        const int head = kvHeads[i / groupSize] * groupSize + i % groupSize;
        const int tile = static_cast<int>(n / numHeads % tilesPerBlock);
        const int blockRow = numRows - 1 - static_cast<int>(n / numHeads / tilesPerBlock);
        const int s = sequenceOf(*qBlockOffsets, blockRow);
        const int firstQuery = loadInt(*qOffsets, at(*qOffsets, s));
        const int lq = loadInt(*qOffsets, at(*qOffsets, s + 1)) - firstQuery;
        const int firstKey = loadInt(*kvOffsets, at(*kvOffsets, s));
        const int lk = loadInt(*kvOffsets, at(*kvOffsets, s + 1)) - firstKey;
        // Queries of the block row: positions [block * blockSize, ...) as far as the call has them.
        const int block = floorDiv(lk - lq, blockSize) + blockRow - loadInt(*qBlockOffsets, at(*qBlockOffsets, s));
        const int begin = max(0, block * blockSize - (lk - lq));
        const int end = min(lq, (block + 1) * blockSize - (lk - lq));
        if (begin + tile * TILE_ROWS >= end) {
            continue;
        }
        const TileRows rows{firstQuery, begin + tile * TILE_ROWS, end, 1, head, lk - lq, nullptr};
        const int count = loadInt(*blockCounts, at(*blockCounts, blockRow, head));
        const int* list = reinterpret_cast<const int*>(blockIndices->data) + at(*blockIndices, blockRow, head);
        const Mask mask{causal, 0, 0, lk, nullptr, 0};
        attendTile(sh, q, rows, spanOf(list, count, blockSize), Contiguous{k, v, firstKey, kvSlots[i / groupSize]}, mask, scale,
                   Output{out, lse, nullptr, 0, 1, 0});
    }
}
