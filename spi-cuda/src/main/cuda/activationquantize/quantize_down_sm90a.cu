// activation_quantize and low_rank_down in one pass over x (SVDQuant sections 4.1 and 4.2), as the product of
// lowbitlinear/low_bit_groups_sm90a.cu wants its input: codes as e4m3, scales in fp32 group by group, hidden as a sum of two bf16
// numbers. Codes and scales are those of activation_quantize.cu bit by bit.
//
// Tile: 16 tokens. 8 warps share the groups of 64 inputs in turn; a lane holds 16 neighbouring inputs of two tokens, quantizes them,
// and multiplies them with the factor as they are (mma m16n8k16; the order of inputs within a group is free as long as both sides
// agree). Partial sums of warps are added in ascending order.
// Threads: 256. Shared memory: 8 x 16 x 32 partial sums, 16 KiB. Barriers: partial sums are written; they are read.
#include "../common/hopper.cuh"
#include "../common/tensor.cuh"
#include "../lowbitlinear/low_bit_widen_sm90a.cuh"

using namespace filigree;

namespace {

constexpr int WARPS = 8;
constexpr int TOKENS = 16;
constexpr int GROUP = 64;
constexpr int MAX_CODE = 7;

template <class T>
__device__ __forceinline__ void product(float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1);

template <>
__device__ __forceinline__ void product<Bf16>(
    float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

template <>
__device__ __forceinline__ void product<struct F16>(
    float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

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

template <class T>
__device__ __forceinline__ float2 unpack(uint32_t word) {
    if (T::DTYPE == BF16) {
        return {__uint_as_float(word << 16), __uint_as_float(word & 0xFFFF0000)};
    }
    return __half22float2(*reinterpret_cast<__half2*>(&word));
}

/** One branch around all loads, so that they are on the way together. */
__device__ __forceinline__ void readSmooth(const QuantizeDownParams& p, float (&smooth)[16], int column) {
    if (p.smooth == nullptr || p.smoothDtype == F32) {
#pragma unroll
        for (int i = 0; i < 16; i++) {
            bool valid = p.smooth != nullptr && column + i < p.inFeatures;
            smooth[i] = valid ? __ldg(static_cast<const float*>(p.smooth) + column + i) : 1.f;
        }
        return;
    }
    uint32_t words[8];
    read16(words, p.smooth, 0, true, column, p.inFeatures);
#pragma unroll
    for (int i = 0; i < 8; i++) {
        float2 pair = p.smoothDtype == BF16 ? unpack<Bf16>(words[i]) : unpack<struct F16>(words[i]);
        smooth[2 * i] = pair.x;
        smooth[2 * i + 1] = pair.y;
    }
}

/** 4 integers of magnitude up to 8 as e4m3. */
__device__ __forceinline__ uint32_t packE4m3(float a, float b, float c, float d) {
    uint16_t low, high;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(low) : "f"(b), "f"(a));
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(high) : "f"(d), "f"(c));
    return low | static_cast<uint32_t>(high) << 16;
}

/** One token's part of a group; the 4 lanes of a token share the scale. */
template <class T>
__device__ __forceinline__ void quantize(
    const QuantizeDownParams& p, const uint32_t (&words)[8], const float (&smooth)[16], int token, int group) {
    int column = group * GROUP + (threadIdx.x & 3) * 16;
    float values[16];
    uint32_t largest = 0;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        float2 pair = unpack<T>(words[i]);
#pragma unroll
        for (int j = 0; j < 2; j++) {
            float shifted = __fadd_rn(j == 0 ? pair.x : pair.y, p.shift);
            float value = p.smooth == nullptr ? shifted : __fdiv_rn(shifted, smooth[2 * i + j]);
            value = column + 2 * i + j < p.inFeatures ? value : 0.f;
            values[2 * i + j] = value;
            // As integers, magnitudes are in order, infinity and then NaN last.
            largest = max(largest, __float_as_uint(value) & 0x7FFFFFFF);
        }
    }
    largest = max(largest, __shfl_xor_sync(~0u, largest, 1));
    largest = max(largest, __shfl_xor_sync(~0u, largest, 2));
    bool finite = largest < 0x7F800000;
    float scale = rounded(p.scaleDtype, finite ? __fdiv_rn(__uint_as_float(largest), MAX_CODE) : __uint_as_float(0x7FC00000));
    scale = scale == 0.f ? 1.f : scale;
    uint32_t codes[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float c[4];
#pragma unroll
        for (int j = 0; j < 4; j++) {
            float code = fminf(fmaxf(rintf(__fdiv_rn(values[4 * i + j], scale)), -MAX_CODE), MAX_CODE);
            c[j] = finite ? code : 0.f;
        }
        codes[i] = packE4m3(c[0], c[1], c[2], c[3]);
    }
    if (token < p.numTokens) {
        *reinterpret_cast<uint4*>(static_cast<char*>(p.codes) + static_cast<long>(token) * p.numSteps * 128 + column) =
            uint4{codes[0], codes[1], codes[2], codes[3]};
        if ((threadIdx.x & 3) == 0) {
            p.scales[static_cast<long>(group) * p.pitch + token] = column < p.inFeatures ? scale : 0.f;
        }
    }
}

template <class T>
__device__ __forceinline__ void downProducts(
    const QuantizeDownParams& p, float (&sums)[4][4], const uint32_t (&low)[8], const uint32_t (&high)[8], int rank0, int column) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
        int rank = rank0 + 8 * j + (threadIdx.x & 31) / 4;
        uint32_t down[8];
        read16(down, p.down, rank, rank < p.rank, column, p.inFeatures);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            product<T>(sums[j], low[2 * i], high[2 * i], low[2 * i + 1], high[2 * i + 1], down[2 * i], down[2 * i + 1]);
        }
    }
}

/** Adds the warps' sums of 32 ranks and writes them as two bf16 numbers each. */
__device__ __forceinline__ void writeHidden(const QuantizeDownParams& p, const float (&sums)[4][4], float* partial, int token0, int chunk) {
    int lane = threadIdx.x & 31;
    __syncthreads();
#pragma unroll
    for (int j = 0; j < 4; j++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int token = lane / 4 + i / 2 * 8;
            partial[((threadIdx.x / 32) * TOKENS + token) * BRANCH_RANKS + 8 * j + 2 * (lane & 3) + i % 2] = sums[j][i];
        }
    }
    __syncthreads();
    int copies = p.branchSteps / ((p.rank + BRANCH_RANKS - 1) / BRANCH_RANKS);
    for (int i = threadIdx.x; i < TOKENS * BRANCH_RANKS; i += 32 * WARPS) {
        float sum = 0.f;
#pragma unroll
        for (int warp = 0; warp < WARPS; warp++) {
            sum += partial[warp * TOKENS * BRANCH_RANKS + i];
        }
        int token = token0 + i / BRANCH_RANKS;
        if (token < p.numTokens) {
            __nv_bfloat16 high = __float2bfloat16_rn(sum);
            __nv_bfloat16 low = __float2bfloat16_rn(sum - __bfloat162float(high));
            __nv_bfloat16* to = static_cast<__nv_bfloat16*>(p.hidden) + static_cast<long>(token) * 64 * p.branchSteps + i % BRANCH_RANKS;
            for (int copy = 0; copy < copies; copy++) {
                to[64 * (chunk * copies + copy)] = high;
                to[64 * (chunk * copies + copy) + BRANCH_RANKS] = low;
            }
        }
    }
}

template <class T>
__device__ __forceinline__ void quantizeDown(const QuantizeDownParams& p) {
    __shared__ float partial[WARPS * TOKENS * BRANCH_RANKS];
    int lane = threadIdx.x & 31;
    int token0 = blockIdx.x * TOKENS;
    int low = token0 + lane / 4;
    int chunks = p.down == nullptr ? 1 : (p.rank + BRANCH_RANKS - 1) / BRANCH_RANKS;
    for (int chunk = 0; chunk < chunks; chunk++) {
        float sums[4][4] = {};
        for (int group = threadIdx.x / 32; group < 2 * p.numSteps; group += WARPS) {
            int column = group * GROUP + (lane & 3) * 16;
            uint32_t lowWords[8];
            uint32_t highWords[8];
            read16(lowWords, p.x, low, low < p.numTokens, column, p.inFeatures);
            read16(highWords, p.x, low + 8, low + 8 < p.numTokens, column, p.inFeatures);
            if (p.down != nullptr) {
                downProducts<T>(p, sums, lowWords, highWords, chunk * BRANCH_RANKS, column);
            }
            if (chunk == 0) {
                float smooth[16];
                readSmooth(p, smooth, column);
                quantize<T>(p, lowWords, smooth, low, group);
                quantize<T>(p, highWords, smooth, low + 8, group);
            }
        }
        if (p.down != nullptr) {
            writeHidden(p, sums, partial, token0, chunk);
        }
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
activation_quantize__x_bf16_o_e4m3__g64__down__sm90a(const __grid_constant__ QuantizeDownParams p) {
    quantizeDown<Bf16>(p);
}

extern "C" __global__ void __launch_bounds__(256)
activation_quantize__x_f16_o_e4m3__g64__down__sm90a(const __grid_constant__ QuantizeDownParams p) {
    quantizeDown<struct F16>(p);
}
