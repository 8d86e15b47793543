// low_bit_linear for many tokens where both sides are 4-bit codes with a scale per 64 inputs, low-rank branch included (SVDQuant
// section 4).
//
// Codes come as e4m3, which -8 to 8 are exactly; the tensor cores add 64 products of them without rounding (sums stay below 2^12).
// Each sum of 64 is scaled by both sides' scales in fp32 and added in ascending order of groups: two operations per output and
// group, as much as the fp32 lanes do while the tensor cores multiply. Of the two groups of a step one is scaled while the other is
// multiplied, and two warpgroups take turns.
// Tile: 128 tokens x 128 outputs, 128 inputs (2 groups) a step.
// Threads: 384. Warpgroup 0 feeds (one thread issues copies), warpgroups 1 and 2 multiply 64 tokens x 128 outputs each
// (wgmma m64n128k32). 40 + 2 x 232 registers a thread.
// Shared memory: 1024 (alignment) + 6 stages x 34 KiB + 96 bytes of barriers.
// Low-rank branch: first steps of bf16 products that start the sums; hidden comes as a sum of two bf16 numbers.
// Barriers: full[stage]  operands and scales landed    empty[stage]  all multiplying warps are done with them
// Named barriers 2 and 3: one warpgroup at a time multiplies, so that the other scales sums beside it.
#include "../common/tensor.cuh"
#include "../common/tiles.cuh"
#include "low_bit_groups_sm90a.cuh"

using namespace filigree;

namespace {

constexpr int TILE = 128;
constexpr int STEP = 128;
constexpr int STAGES = 6;
constexpr int OPERAND_BYTES = TILE * STEP;
constexpr int SCALE_BYTES = TILE * 4;
constexpr int X = 0;
constexpr int W = OPERAND_BYTES;
constexpr int X_SCALES = 2 * OPERAND_BYTES;
constexpr int W_SCALES = X_SCALES + 2 * SCALE_BYTES;
constexpr int STAGE_BYTES = W_SCALES + 2 * SCALE_BYTES;
constexpr int FULL = STAGES * STAGE_BYTES;
constexpr int EMPTY = FULL + 8 * STAGES;
constexpr int WARPS = 8;

/** One thread. */
__device__ void feed(const LowBitGroupsParams& p, uint32_t smem) {
    Ring<STAGES> ring;
    for (Tiles<TILE, TILE> tiles(p.numTokens, p.outFeatures); tiles.more(); tiles.next()) {
        int2 origin = tiles.origin();
        for (int i = -p.numBranchSteps; i < p.numSteps; i++) {
            uint32_t full = smem + FULL + 8 * ring.stage;
            uint32_t at = smem + ring.stage * STAGE_BYTES;
            bool branch = i < 0;
            int column = 64 * (branch ? i + p.numBranchSteps : i);
            mbarrierWait(smem + EMPTY + 8 * ring.stage, ring.phase ^ 1);
            mbarrierExpect(full, branch ? 2 * OPERAND_BYTES : STAGE_BYTES);
            tmaLoad2(at + X, branch ? &p.hidden : &p.x, full, column, origin.x);
            tmaLoad2(at + W, branch ? &p.up : &p.w, full, column, origin.y);
            if (!branch) {
#pragma unroll
                for (int g = 0; g < 2; g++) {
                    long group = 2 * i + g;
                    bulkLoad(at + X_SCALES + g * SCALE_BYTES, p.xScales + group * p.xPitch + origin.x, SCALE_BYTES, full);
                    bulkLoad(at + W_SCALES + g * SCALE_BYTES, p.wScales + group * p.wPitch + origin.y, SCALE_BYTES, full);
                }
            }
            ring.next();
        }
    }
}

__device__ __forceinline__ void groupProducts(float (&sums)[64], uint32_t stage, int warpgroup, int g) {
    uint32_t x = stage + X + warpgroup * 64 * STEP + g * 64;
    uint32_t w = stage + W + g * 64;
    productE4m3(sums, swizzled128(x, 16, 1024), swizzled128(w, 16, 1024), 0);
    productE4m3(sums, swizzled128(x + 32, 16, 1024), swizzled128(w + 32, 16, 1024), 1);
    wgmmaCommit();
}

/** total += sums x both scales. */
__device__ __forceinline__ void addScaled(float (&total)[64], float (&sums)[64], const char* stage, int row, int g) {
    const float* xScales = reinterpret_cast<const float*>(stage + X_SCALES + g * SCALE_BYTES);
    const float4* wScales = reinterpret_cast<const float4*>(stage + W_SCALES + g * SCALE_BYTES) + (threadIdx.x & 3);
    float low = xScales[row];
    float high = xScales[row + 8];
#pragma unroll
    for (int i = 0; i < 8; i++) {
        float4 w = wScales[4 * i];
        int at = 8 * i;
        total[at] = fmaf(sums[at] * low, w.x, total[at]);
        total[at + 1] = fmaf(sums[at + 1] * low, w.y, total[at + 1]);
        total[at + 2] = fmaf(sums[at + 2] * high, w.x, total[at + 2]);
        total[at + 3] = fmaf(sums[at + 3] * high, w.y, total[at + 3]);
        total[at + 4] = fmaf(sums[at + 4] * low, w.z, total[at + 4]);
        total[at + 5] = fmaf(sums[at + 5] * low, w.w, total[at + 5]);
        total[at + 6] = fmaf(sums[at + 6] * high, w.z, total[at + 6]);
        total[at + 7] = fmaf(sums[at + 7] * high, w.w, total[at + 7]);
    }
}

__device__ __forceinline__ float perOutput(const void* values, int dtype, int output, int numOutputs, float otherwise) {
    return values != nullptr && output < numOutputs ? load(static_cast<const char*>(values), dtype, output) : otherwise;
}

__device__ __forceinline__ void finish(const LowBitGroupsParams& p, float (&total)[64], int row0, int column0) {
    bool lines = p.yDtype == BF16 && p.outFeatures % 8 == 0 && p.yStride % 8 == 0;
    if (p.bias != nullptr || p.channelScales != nullptr) {
#pragma unroll
        for (int i = 0; i < 64; i += 4) {
#pragma unroll
            for (int j = 0; j < 2; j++) {
                int output = column0 + 2 * i + 2 * (threadIdx.x & 3) + j;
                float factor = perOutput(p.channelScales, p.channelScaleDtype, output, p.outFeatures, 1.f);
                float bias = perOutput(p.bias, p.biasDtype, output, p.outFeatures, 0.f);
                total[i + j] = total[i + j] * factor + bias;
                total[i + 2 + j] = total[i + 2 + j] * factor + bias;
            }
        }
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = row0 + 8 * half;
        long long first = static_cast<long long>(row) * p.yStride;
#pragma unroll
        for (int group = 0; group < 4; group++) {
            if (lines) {
                uint32_t words[4];
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    int at = 4 * (4 * group + i) + 2 * half;
                    words[i] = Bf16::pack(total[at], total[at + 1]);
                }
                uint4 line = transposeQuad(words[0], words[1], words[2], words[3]);
                int column = column0 + 8 * (4 * group + (threadIdx.x & 3));
                if (row < p.numTokens && column < p.outFeatures) {
                    *reinterpret_cast<uint4*>(static_cast<char*>(p.y) + (first + column) * 2) = line;
                }
            } else {
#pragma unroll
                for (int i = 0; i < 8; i++) {
                    int column = column0 + 8 * (4 * group + i / 2) + 2 * (threadIdx.x & 3) + i % 2;
                    if (row < p.numTokens && column < p.outFeatures) {
                        store(static_cast<char*>(p.y), p.yDtype, first + column, total[4 * (4 * group + i / 2) + 2 * half + i % 2]);
                    }
                }
            }
        }
    }
}

__device__ void multiply(const LowBitGroupsParams& p, uint32_t smem, const char* smemPointer) {
    int warpgroup = threadIdx.x / 128 - 1;
    int row = warpgroup * 64 + ((threadIdx.x & 127) / 32) * 16 + (threadIdx.x & 31) / 4;
    bool first = (threadIdx.x & 31) == 0;
    int mine = 2 + warpgroup;
    int other = 3 - warpgroup;
    if (warpgroup == 1) {
        namedBarrierArrive(other, 256);
    }
    Ring<STAGES> ring;
    float total[64];
    float even[64];
    float odd[64];
    for (Tiles<TILE, TILE> tiles(p.numTokens, p.outFeatures); tiles.more(); tiles.next()) {
        int2 origin = tiles.origin();
#pragma unroll
        for (int i = 0; i < 64; i++) {
            total[i] = 0.f;
        }
        for (int i = 0; i < p.numBranchSteps; i++) {
            uint32_t stage = smem + ring.stage * STAGE_BYTES;
            mbarrierWait(smem + FULL + 8 * ring.stage, ring.phase);
            pin(total);
            wgmmaFence();
#pragma unroll
            for (int j = 0; j < 4; j++) {
                Bf16::product(
                    total, swizzled128(stage + X + warpgroup * 64 * STEP + 32 * j, 16, 1024), swizzled128(stage + W + 32 * j, 16, 1024), 1);
            }
            wgmmaCommit();
            wgmmaWait<0>();
            pin(total);
            if (first) {
                mbarrierArrive(smem + EMPTY + 8 * ring.stage);
            }
            ring.next();
        }
        for (int step = 0; step < p.numSteps; step++) {
            uint32_t stage = smem + ring.stage * STAGE_BYTES;
            const char* stagePointer = smemPointer + ring.stage * STAGE_BYTES;
            mbarrierWait(smem + FULL + 8 * ring.stage, ring.phase);
            namedBarrierSync(mine, 256);
            pin(even);
            pin(odd);
            wgmmaFence();
            groupProducts(even, stage, warpgroup, 0);
            groupProducts(odd, stage, warpgroup, 1);
            wgmmaWait<1>();
            namedBarrierArrive(other, 256);
            pin(even);
            addScaled(total, even, stagePointer, row, 0);
            wgmmaWait<0>();
            pin(odd);
            addScaled(total, odd, stagePointer, row, 1);
            __syncwarp();
            if (first) {
                mbarrierArrive(smem + EMPTY + 8 * ring.stage);
            }
            ring.next();
        }
        finish(p, total, origin.x + row, origin.y);
    }
}

__device__ __forceinline__ void lowBitGroups(const LowBitGroupsParams& p) {
    extern __shared__ char raw[];
    char* smemPointer = raw + (1024 - (smemAddress(raw) & 1023)) % 1024;
    uint32_t smem = smemAddress(smemPointer);
    if (threadIdx.x == 0) {
        for (int i = 0; i < STAGES; i++) {
            mbarrierInit(smem + FULL + 8 * i, 1);
            mbarrierInit(smem + EMPTY + 8 * i, WARPS);
        }
        mbarrierInitFence();
    }
    __syncthreads();
    if (threadIdx.x < 128) {
        giveRegisters<40>();
        if (threadIdx.x == 0) {
            feed(p, smem);
        }
    } else {
        takeRegisters<232>();
        multiply(p, smem, smemPointer);
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(384, 1)
low_bit_linear__x_i4_w_i4__g64__bm128_bn128__sm90a(const __grid_constant__ LowBitGroupsParams p) {
    lowBitGroups(p);
}
