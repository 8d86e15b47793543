// activation_quantize and low_rank_down in one pass over x (SVDQuant sections 4.1 and 4.2), as the product of
// lowbitlinear/low_bit_groups_sm90a.cu wants its input: codes as e4m3, scales in fp32 group by group, hidden as a sum of two bf16
// numbers. Codes and scales are those of activation_quantize.cu bit by bit. Other blocks widen the weight in the meantime.
//
// Tile: 16 tokens. 8 warps share the groups of 64 inputs in turn; a lane holds 16 neighbouring inputs of two tokens, quantizes them,
// and multiplies them with the factor as they are (mma m16n8k16; the order of inputs within a group is free as long as both sides
// agree). Partial sums of warps are added in ascending order.
// Threads: 256. Shared memory: 8 x 16 x 32 partial sums, 16 KiB. Barriers: partial sums are written; they are read.
#include "../common/hopper.cuh"
#include "../common/tensor.cuh"
#include "../lowrankdown/down_products_sm90a.cuh"
#include "../lowbitlinear/low_bit_widen_sm90a.cuh"

using namespace filigree;

namespace {

constexpr int WARPS = 8;
constexpr int TOKENS = 16;
constexpr int GROUP = 64;
constexpr int MAX_CODE = 7;

template <class T>
__device__ __forceinline__ float2 unpack(uint32_t word) {
    if (T::DTYPE == BF16) {
        return {__uint_as_float(word << 16), __uint_as_float(word & 0xFFFF0000)};
    }
    return __half22float2(*reinterpret_cast<__half2*>(&word));
}

/**
 * x / y rounded to nearest, given r = 1 / y rounded to nearest (Markstein 1990: the remainder of a first quotient is exact, and
 * corrects it). Holds where nothing over- or underflows.
 */
__device__ __forceinline__ float quotient(float x, float y, float r) {
    float q = __fmul_rn(x, r);
    return __fmaf_rn(__fmaf_rn(-q, y, x), r, q);
}

/** Whether a number is far from the ends of fp32. */
__device__ __forceinline__ bool isOrdinary(float x) {
    return fabsf(x) > 0x1p-40f && fabsf(x) < 0x1p40f;
}

/** What 16 neighbouring inputs are divided by. */
struct Smooth {
    float values[16];
    float reciprocals[16];
    bool ordinary;

    /** One branch around all loads, so that they are on the way together. */
    __device__ __forceinline__ void read(const QuantizeDownParams& p, int column) {
        if (p.smoothDtype == F32) {
#pragma unroll
            for (int i = 0; i < 16; i++) {
                values[i] = column + i < p.inFeatures ? __ldg(static_cast<const float*>(p.smooth) + column + i) : 1.f;
            }
        } else {
            uint32_t words[8];
            read16(words, p.smooth, 0, true, column, p.inFeatures);
#pragma unroll
            for (int i = 0; i < 8; i++) {
                float2 pair = p.smoothDtype == BF16 ? unpack<Bf16>(words[i]) : unpack<struct F16>(words[i]);
                values[2 * i] = pair.x;
                values[2 * i + 1] = pair.y;
            }
        }
        ordinary = true;
#pragma unroll
        for (int i = 0; i < 16; i++) {
            reciprocals[i] = __frcp_rn(values[i]);
            ordinary &= isOrdinary(values[i]) || column + i >= p.inFeatures;
        }
    }
};

/** 4 integers of magnitude up to 8 as e4m3. */
__device__ __forceinline__ uint32_t packE4m3(float a, float b, float c, float d) {
    uint16_t low, high;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(low) : "f"(b), "f"(a));
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(high) : "f"(d), "f"(c));
    return low | static_cast<uint32_t>(high) << 16;
}

/** Shifted and smoothed inputs, and the largest magnitude's bits: infinity and then NaN are above all others. */
template <class T, bool EXACT>
__device__ __forceinline__ uint32_t smoothed(
    const QuantizeDownParams& p, float (&values)[16], const uint32_t (&words)[8], const Smooth& smooth, int column) {
    uint32_t largest = 0;
#pragma unroll
    for (int i = 0; i < 16; i++) {
        float2 pair = unpack<T>(words[i / 2]);
        float value = __fadd_rn(i % 2 == 0 ? pair.x : pair.y, p.shift);
        if (p.smooth != nullptr) {
            value = EXACT ? __fdiv_rn(value, smooth.values[i]) : quotient(value, smooth.values[i], smooth.reciprocals[i]);
        }
        values[i] = column + i < p.inFeatures ? value : 0.f;
        largest = max(largest, __float_as_uint(values[i]) & 0x7FFFFFFF);
    }
    largest = max(largest, __shfl_xor_sync(~0u, largest, 1));
    return max(largest, __shfl_xor_sync(~0u, largest, 2));
}

/** 16 codes. */
template <bool EXACT>
__device__ __forceinline__ uint4 encode(const float (&values)[16], float scale, bool finite) {
    float reciprocal = __frcp_rn(scale);
    uint32_t codes[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float c[4];
#pragma unroll
        for (int j = 0; j < 4; j++) {
            float value = values[4 * i + j];
            float code = EXACT ? __fdiv_rn(value, scale) : quotient(value, scale, reciprocal);
            c[j] = finite ? fminf(fmaxf(rintf(code), -MAX_CODE), MAX_CODE) : 0.f;
        }
        codes[i] = packE4m3(c[0], c[1], c[2], c[3]);
    }
    return {codes[0], codes[1], codes[2], codes[3]};
}

/** One token's part of a group; the 4 lanes of a token share the scale. */
template <class T>
__device__ __forceinline__ void quantize(
    const QuantizeDownParams& p, const uint32_t (&words)[8], const Smooth& smooth, int token, int group) {
    int column = group * GROUP + (threadIdx.x & 3) * 16;
    float values[16];
    uint32_t largest = smoothed<T, false>(p, values, words, smooth, column);
    // A group whose numbers are all tiny, or not all finite, is divided once more by the book.
    bool extraordinary = p.smooth != nullptr && !(smooth.ordinary && isOrdinary(__uint_as_float(largest)));
    if (__any_sync(~0u, extraordinary)) {
        largest = smoothed<T, true>(p, values, words, smooth, column);
    }
    bool finite = largest < 0x7F800000;
    float magnitude = __uint_as_float(largest);
    float scale = rounded(p.scaleDtype, finite ? __fdiv_rn(magnitude, MAX_CODE) : __uint_as_float(0x7FC00000));
    scale = scale == 0.f ? 1.f : scale;
    bool ordinary = isOrdinary(scale) && isOrdinary(magnitude);
    uint4 codes = __all_sync(~0u, ordinary) ? encode<false>(values, scale, finite) : encode<true>(values, scale, finite);
    if (token < p.numTokens) {
        *reinterpret_cast<uint4*>(static_cast<char*>(p.codes) + static_cast<long>(token) * p.numSteps * 128 + column) = codes;
        if ((threadIdx.x & 3) == 0) {
            p.scales[static_cast<long>(group) * p.pitch + token] = column < p.inFeatures ? scale : 0.f;
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
__device__ __forceinline__ void quantizeDown(const QuantizeDownParams& p, int block) {
    __shared__ float partial[WARPS * TOKENS * BRANCH_RANKS];
    int lane = threadIdx.x & 31;
    int token0 = block * TOKENS;
    int low = token0 + lane / 4;
    int chunks = p.down == nullptr ? 1 : (p.rank + BRANCH_RANKS - 1) / BRANCH_RANKS;
    for (int chunk = 0; chunk < chunks; chunk++) {
        float sums[4][4] = {};
        int group = threadIdx.x / 32;
        uint32_t words[2][8];
        int column = group * GROUP + (lane & 3) * 16;
        read16(words[0], p.x, low, low < p.numTokens, column, p.inFeatures);
        read16(words[1], p.x, low + 8, low + 8 < p.numTokens, column, p.inFeatures);
        for (; group < 2 * p.numSteps; group += WARPS) {
            // The next group's inputs are on the way while this one is worked on.
            uint32_t next[2][8];
            int nextColumn = column + WARPS * GROUP;
            read16(next[0], p.x, low, low < p.numTokens, nextColumn, p.inFeatures);
            read16(next[1], p.x, low + 8, low + 8 < p.numTokens, nextColumn, p.inFeatures);
            if (p.down != nullptr) {
                downProducts<T>(sums, words[0], words[1], p.down, p.rank, chunk * BRANCH_RANKS, column, p.inFeatures);
            }
            if (chunk == 0) {
                Smooth smooth;
                if (p.smooth != nullptr) {
                    smooth.read(p, column);
                }
                quantize<T>(p, words[0], smooth, low, group);
                quantize<T>(p, words[1], smooth, low + 8, group);
            }
#pragma unroll
            for (int i = 0; i < 8; i++) {
                words[0][i] = next[0][i];
                words[1][i] = next[1][i];
            }
            column = nextColumn;
        }
        if (p.down != nullptr) {
            writeHidden(p, sums, partial, token0, chunk);
        }
    }
}

/** Blocks of both kinds take turns, so that both are at work all the time. */
template <class T>
__device__ __forceinline__ void quantizeWiden(const QuantizeWidenParams& p) {
    int quantizers = p.quantize.blocks;
    int wideners = gridDim.x - quantizers;
    int pairs = min(quantizers, wideners);
    int block = blockIdx.x;
    bool quantizes = block < 2 * pairs ? block % 2 == 0 : quantizers > wideners;
    int index = block < 2 * pairs ? block / 2 : block - pairs;
    if (quantizes) {
        quantizeDown<T>(p.quantize, index);
    } else {
        widenAll(p.widen, index, wideners);
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256, 2)
activation_quantize__x_bf16_o_e4m3__g64__down__sm90a(const __grid_constant__ QuantizeWidenParams p) {
    quantizeWiden<Bf16>(p);
}

extern "C" __global__ void __launch_bounds__(256, 2)
activation_quantize__x_f16_o_e4m3__g64__down__sm90a(const __grid_constant__ QuantizeWidenParams p) {
    quantizeWiden<struct F16>(p);
}
