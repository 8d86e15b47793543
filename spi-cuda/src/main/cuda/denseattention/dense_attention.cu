// Dense attention over contiguous keys and values (Vaswani et al. 2017, section 3.2.1): the general path of attention.cuh.
#include "../common/attention.cuh"

extern "C" __global__ void __launch_bounds__(128)
dense_attention__cuda(const filigree::Tensor* qs, const filigree::Tensor* k, const filigree::Tensor* v,
                      const filigree::Tensor* qOffsets, const filigree::Tensor* kvOffsets, const filigree::Tensor* out,
                      const filigree::Tensor* lse, const int* kvHeads, const int* kvSlots, int numKvHeads, int groupSize,
                      float scale, int causal) {
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
        const TileRows rows{firstQuery, tile * TILE_ROWS, lq * groupSize, groupSize, kvHeads[i] * groupSize, lk - lq, nullptr};
        const KeySpan keys = spanOf(causal ? min(lk, rows.position(rows.lastRow()) + 1) : lk);
        const Mask mask{causal, 0, 0, lk, nullptr, 0};
        attendTile(sh, q, rows, keys, Contiguous{k, v, firstKey, kvSlots[i]}, mask, scale, Output{out, lse, nullptr, 0, 1, 0});
    }
}
