// 16 tokens times 32 ranks over 64 inputs: what low_rank_down and the fused quantization multiply with (mma m16n8k16). A lane holds 16
// neighbouring inputs of a token; the order of inputs within the 64 is free as long as both sides agree.
#pragma once
#include "../common/hopper.cuh"

namespace filigree {

/** 16 neighbouring 16-bit values of a row, zeros past its end or where there is no row. */
__device__ __forceinline__ void read16(uint32_t (&words)[8], const void* values, long row, bool valid, int column, int columns) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        uint4 v = {0, 0, 0, 0};
        if (valid && column + 8 * half < columns) {
            v = __ldg(reinterpret_cast<const uint4*>(static_cast<const uint16_t*>(values) + row * columns + column + 8 * half));
        }
        words[4 * half] = v.x;
        words[4 * half + 1] = v.y;
        words[4 * half + 2] = v.z;
        words[4 * half + 3] = v.w;
    }
}

/** sums += x down^T: a lane's inputs of tokens lane / 4 and lane / 4 + 8, from that column on; 32 ranks from rank0 on. */
template <class T>
__device__ __forceinline__ void downProducts(
    float (&sums)[4][4], const uint32_t (&low)[8], const uint32_t (&high)[8], const void* down, int rank, int rank0, int column,
    int inFeatures) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
        int row = rank0 + 8 * j + (threadIdx.x & 31) / 4;
        uint32_t words[8];
        read16(words, down, row, row < rank, column, inFeatures);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            T::productWarp(sums[j], low[2 * i], high[2 * i], low[2 * i + 1], high[2 * i + 1], words[2 * i], words[2 * i + 1]);
        }
    }
}

}  // namespace filigree
