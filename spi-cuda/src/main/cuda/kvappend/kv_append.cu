// KvAppend: RoPE, quantization and page write of new tokens, then the statistics (LServe section 3.6; QServe section 5.1).
//
// Two launches, since statistics read keys back as stored. In the first a warp takes one KV head of one token; its vector lies
// in the warp's part of shared memory between computing and quantizing it. In the second a warp takes one head of one logical
// page that the call touched. Tokens count as written in order: one that a later token of the call overwrites in a ring is
// not written at all, so no two warps write the same bytes. 128 threads; 4 * max(headDimQk, headDimVo) floats of shared memory.
#include "../common/pages.cuh"
#include "../common/rotation.cuh"

namespace filigree {

// Whether a position is the last of the call that lands where it lands.
__device__ inline bool stays(const PageLayout& l, long long position, long long lastPosition) {
    return l.ringPages == 0 || position / l.pageSize < l.sinkPages || position + l.ringPages * l.pageSize > lastPosition;
}

}  // namespace filigree

extern "C" __global__ void __launch_bounds__(128)
kv_append__cuda(const filigree::Tensor* pool, const filigree::Tensor* table, filigree::PageLayout layout,
                const filigree::Tensor* ks, const filigree::Tensor* vs, const filigree::Tensor* qOffsets,
                const filigree::Tensor* positions, const int* kvHeads, const int* kvSlots, int numHeads,
                const filigree::Tensor* frequencies, int rotaryDim, int halfSplit, float magnitude) {
    using namespace filigree;
    extern __shared__ float shared[];
    const Tensor k = *ks;
    const Tensor v = *vs;
    const Rotary rotary{frequencies, rotaryDim, halfSplit, magnitude};
    const int lane = threadIdx.x & 31;
    const int warp = threadIdx.x >> 5;
    const int width = static_cast<int>(max(layout.headDimQk, layout.headDimVo));
    float* vector = shared + warp * width;
    const long long numTokens = loadInt(*qOffsets, at(*qOffsets, qOffsets->extent[0] - 1));
    const long long step = static_cast<long long>(gridDim.x) * (blockDim.x >> 5);
    for (long long n = static_cast<long long>(blockIdx.x) * (blockDim.x >> 5) + warp; n < numTokens * numHeads; n += step) {
        const int t = static_cast<int>(n / numHeads);
        const int head = kvHeads[n % numHeads];
        const int place = kvSlots[n % numHeads];
        const int sequence = sequenceOf(*qOffsets, t);
        const int last = loadInt(*positions, at(*positions, loadInt(*qOffsets, at(*qOffsets, sequence + 1)) - 1));
        const int position = loadInt(*positions, at(*positions, t));
        if (!stays(layout, position, last)) {
            continue;
        }
        char* page = pageOf(*pool, *table, layout, sequence, position);
        const int slot = static_cast<int>(position % layout.pageSize);
        for (int c = lane; c < layout.headDimQk; c += 32) {
            const float turned = rotated(rotary, position, c, [&](int channel) { return load(k, at(k, t, head, channel)); });
            vector[c] = rotary.rotaryDim > 0 ? rounded(k.dtype, turned) : turned;
        }
        __syncwarp();
        writeVector(keysOf(layout), page, place, slot, vector);
        __syncwarp();  // the key has been read before the value overwrites it
        for (int c = lane; c < layout.headDimVo; c += 32) {
            vector[c] = load(v, at(v, t, head, c));
        }
        __syncwarp();
        writeVector(valuesOf(layout), page, place, slot, vector);
        __syncwarp();
    }
}

extern "C" __global__ void __launch_bounds__(128)
kv_append__bounds__cuda(const filigree::Tensor* pool, const filigree::Tensor* table, filigree::PageLayout layout,
                        const filigree::Tensor* qOffsets, const filigree::Tensor* positions, const int* kvSlots, int numHeads) {
    using namespace filigree;
    const int lps = static_cast<int>(layout.logicalPageSize);
    const long long numTokens = loadInt(*qOffsets, at(*qOffsets, qOffsets->extent[0] - 1));
    const long long step = static_cast<long long>(gridDim.x) * (blockDim.x >> 5);
    const long long first = static_cast<long long>(blockIdx.x) * (blockDim.x >> 5) + (threadIdx.x >> 5);
    for (long long n = first; n < numTokens * numHeads; n += step) {
        // The warp of the first token of the call in a logical page does the whole of it; the others have nothing to do.
        const int t = static_cast<int>(n / numHeads);
        const int sequence = sequenceOf(*qOffsets, t);
        const int begin = loadInt(*qOffsets, at(*qOffsets, sequence));
        const int end = loadInt(*qOffsets, at(*qOffsets, sequence + 1));
        const int position = loadInt(*positions, at(*positions, t));
        if (t != begin && position % lps != 0) {
            continue;
        }
        const int last = loadInt(*positions, at(*positions, end - 1));
        const int logicalEnd = min((position / lps + 1) * lps, last + 1);
        // A newer page of the same column took the entry over if its first token in this logical page was in the call.
        if (!stays(layout, position / lps * lps, last)) {
            continue;
        }
        const int slot = static_cast<int>(position % layout.pageSize);
        updateBounds(layout, pageOf(*pool, *table, layout, sequence, position), kvSlots[n % numHeads], slot, slot + logicalEnd - position);
    }
}
