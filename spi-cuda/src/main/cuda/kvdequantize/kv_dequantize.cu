// KvDequantize: per sequence the retained rows of the past from pages, then the current tokens. A warp takes one head of one
// output row; a current vector that passes through storage lies in the warp's part of shared memory while its scale is found.
// 128 threads; 4 * max(headDimQk, headDimVo) floats of shared memory.
#include "../common/pages.cuh"

namespace filigree {

__device__ inline void copyStored(const PageVectors& v, const char* page, int place, int slot, const Tensor& out, long long row) {
    const float2 params = paramsOf(v, page, place, slot);
    for (int c = threadIdx.x & 31; c < v.headDim; c += 32) {
        store(out, at(out, row, place, c), readChannel(v, page, place, slot, c, params));
    }
}

__device__ inline void copyCurrent(const PageVectors& v, const Tensor& current, int t, int head, int place, bool round,
                                   float* vector, const Tensor& out, long long row) {
    const int lane = threadIdx.x & 31;
    for (int c = lane; c < v.headDim; c += 32) {
        vector[c] = load(current, at(current, t, head, c));
    }
    __syncwarp();
    Quantizer q{1, 0, -1};
    if (round && v.maxCode > 0) {
        q = quantizer(vector, v.headDim, v.maxCode);
    }
    for (int c = lane; c < v.headDim; c += 32) {
        store(out, at(out, row, place, c), round ? throughStorage(v, q, vector[c]) : vector[c]);
    }
    __syncwarp();
}

}  // namespace filigree

extern "C" __global__ void __launch_bounds__(128)
kv_dequantize__cuda(const filigree::Tensor* pool, const filigree::Tensor* table, filigree::PageLayout layout,
                    const filigree::Tensor* kCurrent, const filigree::Tensor* vCurrent, const filigree::Tensor* qOffsets,
                    const filigree::Tensor* pastLengths, const filigree::Tensor* kvOffsets, const filigree::Tensor* ks,
                    const filigree::Tensor* vs, const filigree::Tensor* kvPositions, const int* kvHeads, const int* kvSlots,
                    int numHeads, int sink, int recent, int roundCurrent) {
    using namespace filigree;
    extern __shared__ float shared[];
    const int warp = threadIdx.x >> 5;
    float* vector = shared + warp * static_cast<int>(max(layout.headDimQk, layout.headDimVo));
    const long long numRows = loadInt(*kvOffsets, at(*kvOffsets, kvOffsets->extent[0] - 1));
    const long long step = static_cast<long long>(gridDim.x) * (blockDim.x >> 5);
    for (long long n = static_cast<long long>(blockIdx.x) * (blockDim.x >> 5) + warp; n < numRows * numHeads; n += step) {
        const long long row = n / numHeads;
        const int i = static_cast<int>(n % numHeads);
        const int sequence = sequenceOf(*kvOffsets, static_cast<int>(row));
        const long long inSequence = row - loadInt(*kvOffsets, at(*kvOffsets, sequence));
        const long long past = loadInt(*pastLengths, at(*pastLengths, sequence));
        // recent 0: everything is retained
        const long long retained = recent == 0 ? past : min(past, static_cast<long long>(sink) + recent - 1);
        long long position;
        if (inSequence < retained) {
            position = recent == 0 || inSequence < sink ? inSequence : inSequence + past - retained;
            const char* page = pageOf(*pool, *table, layout, sequence, position);
            const int slot = static_cast<int>(position % layout.pageSize);
            copyStored(keysOf(layout), page, kvSlots[i], slot, *ks, row);
            copyStored(valuesOf(layout), page, kvSlots[i], slot, *vs, row);
        } else {
            position = past + (inSequence - retained);
            const int t = loadInt(*qOffsets, at(*qOffsets, sequence)) + static_cast<int>(inSequence - retained);
            copyCurrent(keysOf(layout), *kCurrent, t, kvHeads[i], kvSlots[i], roundCurrent, vector, *ks, row);
            copyCurrent(valuesOf(layout), *vCurrent, t, kvHeads[i], kvSlots[i], roundCurrent, vector, *vs, row);
        }
        if (i == 0 && (threadIdx.x & 31) == 0) {
            storeInt(*kvPositions, at(*kvPositions, row), static_cast<int>(position));
        }
    }
}
