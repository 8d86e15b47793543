// Widens 4-bit codes of one side of low_bit_linear to e4m3, which they are exactly, puts scales into the order that the product
// reads (fp32, group by group), and doubles the low-rank factor. A thread takes 32 codes, then a scale, then a factor. Bound by
// memory. Threads: 256; no shared memory.
#include "../common/hopper.cuh"
#include "../common/tensor.cuh"
#include "low_bit_groups_sm90a.cuh"
#include "low_bit_widen_sm90a.cuh"

using namespace filigree;

namespace {

/** 4 codes of two's complement -> their e4m3 bytes. */
__device__ __forceinline__ uint32_t widen(uint32_t codes) {
    uint32_t magnitude = codes & 0x7777;
    uint32_t positive = __byte_perm(0x44403800, 0x4E4C4A48, magnitude);  // 0 to 7
    uint32_t negative = __byte_perm(0xCACCCED0, 0xB8C0C4C8, magnitude);  // -8 to -1
    return __byte_perm(positive, negative, 0x3210 | (codes >> 1 & 0x4444));
}

__device__ __forceinline__ uint4 widen(uint32_t low, uint32_t high) {
    return {widen(low & 0xFFFF), widen(low >> 16), widen(high & 0xFFFF), widen(high >> 16)};
}

__device__ __forceinline__ void widenCodes(const LowBitWidenParams& p, long i) {
    int chunks = p.numSteps * 4;
    long row = i / chunks;
    int column = i % chunks * 32;
    uint4 codes = {0, 0, 0, 0};
    if (column < p.columns) {
        codes = __ldg(reinterpret_cast<const uint4*>(static_cast<const char*>(p.codes) + (row * p.columns + column) / 2));
    }
    uint4* to = reinterpret_cast<uint4*>(static_cast<char*>(p.wide) + row * p.numSteps * 128 + column);
    to[0] = widen(codes.x, codes.y);
    to[1] = widen(codes.z, codes.w);
}

__device__ __forceinline__ void widenScale(const LowBitWidenParams& p, long i) {
    int row = i % p.numRows;
    int group = i / p.numRows;
    int numGroups = (p.columns + 63) / 64;
    float scale = group < numGroups ? load(static_cast<const char*>(p.scales), p.scaleDtype, static_cast<long long>(row) * numGroups + group) : 0.f;
    p.wideScales[static_cast<long>(group) * p.pitch + (p.slots ? wScaleSlot(row) : row)] = scale;
}

__device__ __forceinline__ void widenUp(const LowBitWidenParams& p, long i) {
    int columns = 64 * p.branchSteps;
    long row = i / columns;
    int column = i % columns;
    int parts = p.upDtype == BF16 ? 1 : 2;
    int rank = column / (64 * parts) * BRANCH_RANKS + column % BRANCH_RANKS;
    float up = rank < p.rank ? load(static_cast<const char*>(p.up), p.upDtype, row * p.rank + rank) : 0.f;
    __nv_bfloat16 high = __float2bfloat16_rn(up);
    bool lower = column / 64 % parts == 1;
    static_cast<__nv_bfloat16*>(p.wideUp)[i] = lower ? __float2bfloat16_rn(up - __bfloat162float(high)) : high;
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
low_bit_linear__w_i4__g64__widen__sm90a(const __grid_constant__ LowBitWidenParams p) {
    long step = static_cast<long>(gridDim.x) * blockDim.x;
    long first = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x;
    for (long i = first; i < static_cast<long>(p.numRows) * p.numSteps * 4; i += step) {
        widenCodes(p, i);
    }
    for (long i = first; i < static_cast<long>(p.numRows) * p.numSteps * 2; i += step) {
        widenScale(p, i);
    }
    if (p.up != nullptr) {
        for (long i = first; i < static_cast<long>(p.numRows) * p.branchSteps * 64; i += step) {
            widenUp(p, i);
        }
    }
}
