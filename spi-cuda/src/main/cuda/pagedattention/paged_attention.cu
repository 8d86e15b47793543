// Causal attention that reads keys and values from cache pages (vLLM section 4; LServe sections 3.4 and 3.6): decode and chunked
// prefill, dense, streaming or over chosen pages. The general path of attention.cuh. Where queries are few, the keys of a tile
// are split between blocks; a second launch merges the parts in order (Flash-Decoding), so results repeat.
#include "../common/attention.cuh"

extern "C" __global__ void __launch_bounds__(128)
paged_attention__cuda(const filigree::Tensor* qs, const filigree::Tensor* pool, const filigree::Tensor* table,
                      filigree::PageLayout layout, const filigree::Tensor* qOffsets, const filigree::Tensor* kvLengths,
                      const filigree::Tensor* out, const filigree::Tensor* lse, const int* kvHeads, const int* kvSlots,
                      int numKvHeads, int groupSize, float scale, int sink, int recent, const filigree::Tensor* counts,
                      const filigree::Tensor* pages, const filigree::Tensor* slots, int headsPerList, float* parts, int numSplits,
                      int numRows) {
    using namespace filigree;
    __shared__ AttentionShared sh;
    const Tensor q = *qs;
    // Heads with lists of their own walk different keys and cannot share a tile.
    const int headsPerRow = counts == nullptr ? groupSize : headsPerList;
    const int perGroup = groupSize / headsPerRow;
    const int units = numKvHeads * perGroup;
    for (long long n = blockIdx.x;; n += gridDim.x) {
        int s;
        int tile;
        if (!findTile(*qOffsets, headsPerRow, n / numSplits / units, s, tile)) {
            return;
        }
        const int split = static_cast<int>(n % numSplits);
        const int unit = static_cast<int>(n / numSplits % units);
        const int kvHead = kvHeads[unit / perGroup];
        const int firstHead = kvHead * groupSize + unit % perGroup * headsPerRow;
        const int firstQuery = loadInt(*qOffsets, at(*qOffsets, s));
        const int lq = loadInt(*qOffsets, at(*qOffsets, s + 1)) - firstQuery;
        const int kvLength = loadInt(*kvLengths, at(*kvLengths, s));
        const TileRows rows{firstQuery, tile * TILE_ROWS, lq * headsPerRow, headsPerRow, firstHead, kvLength - lq, nullptr};
        const Mask mask{1, sink, recent, kvLength, nullptr, 0};
        const int lastPosition = rows.position(rows.lastRow());
        KeySpan keys;
        if (counts != nullptr) {
            const int slot = loadInt(*slots, at(*slots, s));
            const int list = firstHead / headsPerList;
            const int* chosen = reinterpret_cast<const int*>(pages->data) + at(*pages, slot, list);
            keys = spanOf(chosen, loadInt(*counts, at(*counts, slot, list)), static_cast<int>(layout.pageSize));
        } else if (recent > 0) {
            keys = spanOf(min(sink, lastPosition + 1), max(0, rows.position(0) - recent + 1), lastPosition + 1);
        } else {
            keys = spanOf(lastPosition + 1);
        }
        const Paged kv{pool, table, &layout, s, kvSlots[unit / perGroup]};
        attendTile(sh, q, rows, keys, kv, mask, scale, Output{out, lse, parts, split, numSplits, numRows});
    }
}

// Merges the parts of a split. A warp takes one head of one token.
extern "C" __global__ void __launch_bounds__(128)
paged_attention__merge__cuda(const filigree::Tensor* qOffsets, const filigree::Tensor* outTensor, const filigree::Tensor* lseTensor,
                             const int* kvHeads, int numKvHeads, int groupSize, const float* parts, int numSplits, int numRows) {
    using namespace filigree;
    const Tensor out = *outTensor;
    const int lane = threadIdx.x & 31;
    const int headDim = static_cast<int>(out.extent[2]);
    const int numHeads = numKvHeads * groupSize;
    const long long numTokens = loadInt(*qOffsets, at(*qOffsets, qOffsets->extent[0] - 1));
    const long long step = static_cast<long long>(gridDim.x) * (blockDim.x >> 5);
    for (long long n = static_cast<long long>(blockIdx.x) * (blockDim.x >> 5) + (threadIdx.x >> 5); n < numTokens * numHeads; n += step) {
        const long long t = n / numHeads;
        const int i = static_cast<int>(n % numHeads);
        const int h = kvHeads[i / groupSize] * groupSize + i % groupSize;
        const float* first = parts + (t * out.extent[1] + h) * (headDim + 1);
        const long long stride = static_cast<long long>(numRows) * (headDim + 1);
        float max = -INFINITY;
        for (int split = 0; split < numSplits; split++) {
            max = maxNan(max, first[split * stride + headDim]);
        }
        float sum = 0;
        for (int split = 0; split < numSplits; split++) {
            const float part = first[split * stride + headDim];
            sum += part == -INFINITY ? 0.0f : expf(part - max);
        }
        for (int c = lane; c < headDim; c += 32) {
            float value = 0;
            for (int split = 0; split < numSplits; split++) {
                const float part = first[split * stride + headDim];
                const float weight = part == -INFINITY ? 0.0f : expf(part - max) / sum;
                value += weight == 0 ? 0 : weight * first[split * stride + c];
            }
            store(out, at(out, t, h, c), value);
        }
        if (lane == 0) {
            store(*lseTensor, at(*lseTensor, t, h), max == -INFINITY ? max : max + logf(sum));
        }
    }
}
