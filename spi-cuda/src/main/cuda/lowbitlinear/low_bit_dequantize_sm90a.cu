// The numbers that low-bit weights stand for, rounded once to the dtype of the activations: many tokens then multiply with them as
// with any 16-bit weight. A thread takes 8 neighbouring codes of a row, which share a scale. Bound by memory. Threads: 256.
#include "../common/tensor.cuh"
#include "low_bit_dequantize_sm90a.cuh"

using namespace filigree;

namespace {

__device__ __forceinline__ float at(const void* values, int dtype, long long i) {
    return load(static_cast<const char*>(values), dtype, i);
}

/** 8 codes as numbers; reads 4 or 8 bytes. */
__device__ __forceinline__ void readCodes(float (&values)[8], const LowBitDequantizeParams& p, long first) {
    if (p.codeDtype == I8) {
        uint2 bytes = __ldg(reinterpret_cast<const uint2*>(static_cast<const char*>(p.codes) + first));
#pragma unroll
        for (int i = 0; i < 8; i++) {
            values[i] = static_cast<signed char>((i < 4 ? bytes.x : bytes.y) >> (8 * (i & 3)));
        }
        return;
    }
    uint32_t word = __ldg(reinterpret_cast<const uint32_t*>(static_cast<const char*>(p.codes) + first / 2));
#pragma unroll
    for (int i = 0; i < 8; i++) {
        int code = word >> (4 * i) & 15;
        values[i] = p.codeDtype == I4 ? static_cast<float>(code << 28 >> 28) : p.codeDtype == U4 ? static_cast<float>(code) : e2m1(code);
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
low_bit_linear__dequantize__sm90a(const __grid_constant__ LowBitDequantizeParams p) {
    int chunks = p.inFeatures / 8;
    long count = static_cast<long>(p.outFeatures) * chunks;
    for (long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += static_cast<long>(gridDim.x) * blockDim.x) {
        long row = i / chunks;
        int column = i % chunks * 8;
        long long group = row * p.numGroups + column / p.groupSize;
        float values[8];
        readCodes(values, p, row * p.inFeatures + column);
        float scale = at(p.scales, p.scaleDtype, group);
        float zero = p.zeros == nullptr ? 0.f : at(p.zeros, p.zeroDtype, group);
        float factor = p.channelScales == nullptr ? 1.f : at(p.channelScales, p.channelScaleDtype, row);
        uint32_t words[4];
#pragma unroll
        for (int j = 0; j < 4; j++) {
            float low = fmaf(scale, values[2 * j], zero) * factor;
            float high = fmaf(scale, values[2 * j + 1], zero) * factor;
            words[j] = p.dtype == BF16 ? bf16Bits(low) | static_cast<uint32_t>(bf16Bits(high)) << 16
                                       : f16Bits(low) | static_cast<uint32_t>(f16Bits(high)) << 16;
        }
        reinterpret_cast<uint4*>(p.w)[i] = uint4{words[0], words[1], words[2], words[3]};
    }
}
