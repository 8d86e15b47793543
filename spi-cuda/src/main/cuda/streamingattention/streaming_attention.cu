// Attention of streaming heads over contiguous keys (DuoAttention section 2.1; StreamingLLM section 3.2): only sink and recent
// keys are walked, found by their positions where those are given. The general path of attention.cuh.
#include "../common/attention.cuh"

namespace filigree {

// The first key of a sequence whose position is not below a bound; positions ascend.
__device__ inline int lowerBound(const Mask& mask, int bound) {
    int low = 0;
    int high = mask.numKeys;
    while (low < high) {
        const int middle = (low + high) >> 1;
        if (mask.positionOf(middle) < bound) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

}  // namespace filigree

extern "C" __global__ void __launch_bounds__(128)
streaming_attention__cuda(const filigree::Tensor* qs, const filigree::Tensor* k, const filigree::Tensor* v,
                          const filigree::Tensor* qOffsets, const filigree::Tensor* kvOffsets, const filigree::Tensor* qPositions,
                          const filigree::Tensor* kvPositions, const filigree::Tensor* out, const filigree::Tensor* lse,
                          const int* kvHeads, const int* kvSlots, int numKvHeads, int groupSize, float scale, int sink, int recent) {
    using namespace filigree;
    __shared__ AttentionShared sh;
    const Tensor q = *qs;
    for (long long n = blockIdx.x;; n += gridDim.x) {
        int s;
        int tile;
        if (!findTile(*qOffsets, groupSize, n / numKvHeads, s, tile)) {
            return;
        }
        const int i = static_cast<int>(n % numKvHeads);
        const int firstQuery = loadInt(*qOffsets, at(*qOffsets, s));
        const int lq = loadInt(*qOffsets, at(*qOffsets, s + 1)) - firstQuery;
        const int firstKey = loadInt(*kvOffsets, at(*kvOffsets, s));
        const int lk = loadInt(*kvOffsets, at(*kvOffsets, s + 1)) - firstKey;
        const TileRows rows{firstQuery, tile * TILE_ROWS, lq * groupSize, groupSize, kvHeads[i] * groupSize, lk - lq, qPositions};
        const Mask mask{1, sink, recent, lk, kvPositions, firstKey};
        const int firstPosition = rows.position(0);
        const int lastPosition = rows.position(rows.lastRow());
        const KeySpan keys = spanOf(lowerBound(mask, min(sink, lastPosition + 1)), lowerBound(mask, firstPosition - recent + 1),
                                    lowerBound(mask, lastPosition + 1));
        attendTile(sh, q, rows, keys, Contiguous{k, v, firstKey, kvSlots[i]}, mask, scale, Output{out, lse, nullptr, 0, 1, 0});
    }
}
