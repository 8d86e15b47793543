// low_rank_up of 16-bit outputs (SVDQuant section 4.2): y += hidden up^T, added in fp32 and rounded once. A block has 128 outputs of
// up in shared memory, rank by rank, and walks tokens, 64 at a time; a thread takes 8 neighbouring outputs of 4 tokens. Bound by the
// reading and writing of y.
// Threads: 256. Shared memory: 32 ranks x 128 outputs of fp32, 16 KiB. Barriers: up is written; it is no longer read. More than 32 ranks
// are taken 32 at a time, with the sums in registers: then y is still read and written once, and up again for each 64 tokens.
#include "../common/hopper.cuh"
#include "../common/tensor.cuh"

using namespace filigree;

namespace {

constexpr int OUTPUTS = 128;
constexpr int TOKENS = 64;
constexpr int RANKS = 32;
constexpr int PER_THREAD = 4;  // tokens

/** Passed by value; byte offsets are stated for the host. */
struct LowRankUpParams {
    const float* hidden;  // 0: [numTokens, rank], rows side by side
    const void* up;       // 8: f16 or bf16 [outFeatures, rank], rows side by side
    void* y;              // 16: f16 or bf16 [numTokens, outFeatures], rows side by side
    int numTokens;        // 24
    int outFeatures;      // 28: a multiple of 8
    int rank;             // 32
    int upDtype;          // 36: dtypes as in tensor.cuh
};

static_assert(sizeof(LowRankUpParams) == 40, "the host counts on it");

__device__ __forceinline__ void readUp(const LowRankUpParams& p, float (&up)[RANKS][OUTPUTS], int output0, int rank0) {
    for (int i = threadIdx.x; i < RANKS * OUTPUTS; i += 256) {
        int rank = i % RANKS;
        int output = i / RANKS;
        float value = 0.f;
        if (output0 + output < p.outFeatures && rank0 + rank < p.rank) {
            uint32_t bits = static_cast<const uint16_t*>(p.up)[static_cast<long>(output0 + output) * p.rank + rank0 + rank];
            value = p.upDtype == BF16 ? __uint_as_float(bits << 16) : __half2float(__ushort_as_half(bits));
        }
        up[rank][output] = value;
    }
}

template <class T>
__device__ __forceinline__ float2 unpack(uint32_t word) {
    if (T::DTYPE == BF16) {
        return {__uint_as_float(word << 16), __uint_as_float(word & 0xFFFF0000)};
    }
    return __half22float2(*reinterpret_cast<__half2*>(&word));
}

template <class T>
__device__ __forceinline__ void addTo(uint4* y, const float (&sums)[8]) {
    uint4 old = *y;
    uint32_t words[4] = {old.x, old.y, old.z, old.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float2 pair = unpack<T>(words[i]);
        words[i] = T::pack(pair.x + sums[2 * i], pair.y + sums[2 * i + 1]);
    }
    *y = uint4{words[0], words[1], words[2], words[3]};
}

template <class T>
__device__ __forceinline__ void lowRankUp(const LowRankUpParams& p) {
    __shared__ __align__(16) float up[RANKS][OUTPUTS];
    int output0 = blockIdx.x * OUTPUTS;
    int column = threadIdx.x % 16 * 8;
    for (int token0 = blockIdx.y * TOKENS; token0 < p.numTokens; token0 += gridDim.y * TOKENS) {
        int token = token0 + threadIdx.x / 16 * PER_THREAD;
        float sums[PER_THREAD][8] = {};
        for (int rank0 = 0; rank0 < p.rank; rank0 += RANKS) {
            if (rank0 > 0 || token0 == blockIdx.y * TOKENS || p.rank > RANKS) {
                __syncthreads();
                readUp(p, up, output0, rank0);
                __syncthreads();
            }
            for (int r = 0; r < min(RANKS, p.rank - rank0); r++) {
                const float4* row = reinterpret_cast<const float4*>(&up[r][column]);
                float4 a = row[0];
                float4 b = row[1];
#pragma unroll
                for (int t = 0; t < PER_THREAD; t++) {
                    float h = token + t < p.numTokens ? __ldg(p.hidden + static_cast<long>(token + t) * p.rank + rank0 + r) : 0.f;
                    const float values[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
#pragma unroll
                    for (int i = 0; i < 8; i++) {
                        sums[t][i] = fmaf(h, values[i], sums[t][i]);
                    }
                }
            }
        }
#pragma unroll
        for (int t = 0; t < PER_THREAD; t++) {
            if (token + t < p.numTokens && output0 + column < p.outFeatures) {
                addTo<T>(reinterpret_cast<uint4*>(static_cast<uint16_t*>(p.y) + static_cast<long>(token + t) * p.outFeatures + output0 + column), sums[t]);
            }
        }
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
low_rank_up__y_bf16__sm90a(const __grid_constant__ LowRankUpParams p) {
    lowRankUp<Bf16>(p);
}

extern "C" __global__ void __launch_bounds__(256)
low_rank_up__y_f16__sm90a(const __grid_constant__ LowRankUpParams p) {
    lowRankUp<struct F16>(p);
}
