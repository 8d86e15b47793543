// low_bit_linear for few tokens: 4-bit weights with a scale per 64 inputs, 16-bit activations (SVDQuant section 4; QServe
// section 4). Bound by the reading of weights, so it is built around that.
//
// A cluster of SPLIT blocks takes ROWS outputs of up to TOKENS tokens; its 8 x SPLIT warps share the inputs, 128 at a time in
// turn. A warp keeps its weights of STAGES steps on the way from memory (cp.async, 16 bytes a lane), widens codes in registers to
// 16-bit integers, which they are exactly, and multiplies with mma m16n8k16: rows are outputs, columns tokens. The order of
// inputs within 64 is free as long as both sides agree, so that a lane reads 16 neighbouring codes. A group's sum is scaled
// once, in fp32. Partial sums of warps, then of blocks, are added in ascending order: no atomics.
// Threads: 256. Shared memory: 8 x STAGES x ROWS x 100 bytes, reused for 8 x ROWS x TOKENS partial sums, and ROWS x TOKENS sums of
// the low-rank branch, which is done while the first weights are on the way.
// Barriers: block: all warps are done with their weights; partial sums are written. Cluster: the same among blocks, and that no
// block ends while another reads its sums.
#include "../common/hopper.cuh"
#include "../common/tensor.cuh"
#include "low_bit_few_sm90a.cuh"

using namespace filigree;

namespace {

constexpr int WARPS = 8;
constexpr int STEP = 128;            // inputs
constexpr int STEP_BYTES = STEP / 2;  // of a row of weights
constexpr int PITCH = 96;            // bytes; a quarter-warp's reads of 8 bytes fall into different banks
constexpr int STAGES = 3;
constexpr int SCALE_BYTES = 4;  // of a row of weights: 2 groups

template <class T>
struct Widen;

// 4 bits beside the exponent of 128 (bf16) or 1024 (f16) are 128 + code or 1024 + code.
template <>
struct Widen<Bf16> {
    static constexpr uint32_t MAGIC = 0x43004300;
    static __device__ __forceinline__ uint32_t minusOffset(uint32_t biased) {
        uint32_t result;
        asm("sub.rn.bf16x2 %0, %1, %2;" : "=r"(result) : "r"(biased), "r"(0x43084308));
        return result;
    }
};

template <>
struct Widen<struct F16> {
    static constexpr uint32_t MAGIC = 0x64006400;
    static __device__ __forceinline__ uint32_t minusOffset(uint32_t biased) {
        uint32_t result;
        asm("sub.rn.f16x2 %0, %1, %2;" : "=r"(result) : "r"(biased), "r"(0x64086408));
        return result;
    }
};

/** 8 codes of two's complement -> 4 pairs (0, 4), (1, 5), (2, 6), (3, 7). */
template <class T>
__device__ __forceinline__ void widen(uint32_t (&pairs)[4], uint32_t codes) {
    codes ^= 0x88888888;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        uint32_t biased;
        // (a & b) | c
        asm("lop3.b32 %0, %1, %2, %3, 0xEA;" : "=r"(biased) : "r"(codes >> (4 * i)), "n"(0x000F000F), "n"(Widen<T>::MAGIC));
        pairs[i] = Widen<T>::minusOffset(biased);
    }
}

/** 8 values in order -> the same pairs. */
__device__ __forceinline__ void pairUp(uint32_t (&pairs)[4], uint4 v) {
    pairs[0] = __byte_perm(v.x, v.z, 0x5410);
    pairs[1] = __byte_perm(v.x, v.z, 0x7632);
    pairs[2] = __byte_perm(v.y, v.w, 0x5410);
    pairs[3] = __byte_perm(v.y, v.w, 0x7632);
}

/** Bytes from memory into shared memory, zeros where nothing is to be read. */
template <int BYTES>
__device__ __forceinline__ void copy(uint32_t to, const char* from, bool valid) {
    if (BYTES == 16) {
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid ? 16 : 0) : "memory");
    } else {
        asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(from), "r"(valid ? 4 : 0) : "memory");
    }
}

__device__ __forceinline__ float load16(const void* values, int dtype, long at) {
    uint32_t bits = static_cast<const uint16_t*>(values)[at];
    return dtype == BF16 ? __uint_as_float(bits << 16) : __half2float(__ushort_as_half(bits));
}

template <class T, int ROWS, int TOKENS, int SPLIT>
struct Few {
    static constexpr int SCALES = ROWS * PITCH;
    static constexpr int STAGE_BYTES = SCALES + ROWS * SCALE_BYTES;
    static constexpr int STRIDE = WARPS * SPLIT;
    static constexpr int TILES = ROWS / 16;
    static constexpr int COLUMNS = TOKENS / 8;

    const LowBitFewParams& p;
    uint32_t ring;  // this warp's
    int row0;
    int lane = threadIdx.x & 31;
    int warp = threadIdx.x / 32;
    float sums[TILES][COLUMNS][4] = {};

    __device__ __forceinline__ void fetch(int step, int stage) const {
        uint32_t to = ring + stage * STAGE_BYTES;
        int rowBytes = p.inFeatures / 2;
        const char* from = static_cast<const char*>(p.w) + static_cast<long>(row0) * rowBytes + step * STEP_BYTES + (lane & 3) * 16;
        int rows = p.outFeatures - row0;
#pragma unroll
        for (int i = 0; i < ROWS / 8; i++) {
            int row = i * 8 + lane / 4;
            copy<16>(to + row * PITCH + (lane & 3) * 16, from + (row < rows ? static_cast<long>(row) * rowBytes : 0), row < rows);
        }
        const char* scales = static_cast<const char*>(p.scales) + static_cast<long>(row0) * (p.inFeatures / 32) + step * SCALE_BYTES;
#pragma unroll
        for (int row = lane; row < ROWS; row += 32) {
            copy<4>(to + SCALES + row * SCALE_BYTES, scales + (row < rows ? row * (p.inFeatures / 32) : 0), row < rows);
        }
    }

    /** Activations of 64 inputs: 16 neighbouring ones of a token per lane. */
    __device__ __forceinline__ void readX(uint4 (&x)[COLUMNS][2], int input0) const {
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
            int token = c * 8 + lane / 4;
            int input = input0 + (lane & 3) * 16;
            const uint4* from = reinterpret_cast<const uint4*>(static_cast<const uint16_t*>(p.x) + static_cast<long>(token) * p.xStride + input);
            bool valid = token < p.numTokens;
            x[c][0] = valid ? __ldg(from) : uint4{0, 0, 0, 0};
            x[c][1] = valid ? __ldg(from + 1) : uint4{0, 0, 0, 0};
        }
    }

    /** Scale of a row of the group that half of a step is. */
    __device__ __forceinline__ float scaleAt(const char* scales, int row, int half) const {
        uint32_t bits = reinterpret_cast<const uint16_t*>(scales)[2 * row + half];
        return p.scaleDtype == BF16 ? __uint_as_float(bits << 16) : __half2float(__ushort_as_half(bits));
    }

    __device__ __forceinline__ void multiply(const uint4 (&x)[COLUMNS][2], const char* weights, int half) {
        uint32_t b[COLUMNS][8];
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                uint32_t pairs[4];
                pairUp(pairs, x[c][i]);
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    b[c][4 * i + j] = pairs[j];
                }
            }
        }
#pragma unroll
        for (int t = 0; t < TILES; t++) {
            const char* from = weights + (t * 16 + lane / 4) * PITCH + half * 32 + (lane & 3) * 8;
            uint2 low = *reinterpret_cast<const uint2*>(from);
            uint2 high = *reinterpret_cast<const uint2*>(from + 8 * PITCH);
            const float scales[2] = {
                scaleAt(weights + SCALES, t * 16 + lane / 4, half), scaleAt(weights + SCALES, t * 16 + 8 + lane / 4, half)};
            float part[COLUMNS][4] = {};
#pragma unroll
            for (int i = 0; i < 2; i++) {
                uint32_t lowPairs[4];
                uint32_t highPairs[4];
                widen<T>(lowPairs, i == 0 ? low.x : low.y);
                widen<T>(highPairs, i == 0 ? high.x : high.y);
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    uint32_t a[4] = {lowPairs[2 * j], highPairs[2 * j], lowPairs[2 * j + 1], highPairs[2 * j + 1]};
#pragma unroll
                    for (int c = 0; c < COLUMNS; c++) {
                        T::productWarp(part[c], a[0], a[1], a[2], a[3], b[c][4 * i + 2 * j], b[c][4 * i + 2 * j + 1]);
                    }
                }
            }
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    sums[t][c][i] = fmaf(scales[i / 2], part[c][i], sums[t][c][i]);
                }
            }
        }
    }

    /** Sends for the weights of the first steps of this warp. */
    __device__ __forceinline__ void start(int first) const {
#pragma unroll
        for (int i = 0; i < STAGES; i++) {
            if ((first + i * STRIDE) * STEP < p.inFeatures) {
                fetch(first + i * STRIDE, i);
            }
            asm volatile("cp.async.commit_group;" ::: "memory");
        }
    }

    /** All steps of this warp. */
    __device__ __forceinline__ void run(const char* ringPointer, int first) {
        int numSteps = p.inFeatures / STEP;
        int stage = 0;
        for (int step = first; step < numSteps; step += STRIDE) {
            uint4 x[2][COLUMNS][2];
#pragma unroll
            for (int half = 0; half < 2; half++) {
                readX(x[half], step * STEP + half * 64);
            }
            asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 1) : "memory");
            __syncwarp();
#pragma unroll
            for (int half = 0; half < 2; half++) {
                multiply(x[half], ringPointer + stage * STAGE_BYTES, half);
            }
            __syncwarp();
            if (step + STAGES * STRIDE < numSteps) {
                fetch(step + STAGES * STRIDE, stage);
            }
            asm volatile("cp.async.commit_group;" ::: "memory");
            stage = stage == STAGES - 1 ? 0 : stage + 1;
        }
        asm volatile("cp.async.wait_group 0;" ::: "memory");
    }

    __device__ __forceinline__ void writePartial(float* to) const {
#pragma unroll
        for (int t = 0; t < TILES; t++) {
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    int row = t * 16 + i / 2 * 8 + lane / 4;
                    int token = c * 8 + 2 * (lane & 3) + i % 2;
                    to[(warp * TOKENS + token) * ROWS + row] = sums[t][c][i];
                }
            }
        }
    }

    /** to[token][row] = hidden up^T: PARTS lanes share a row. */
    __device__ __forceinline__ void branch(float* to) const {
        constexpr int PARTS = 32 * WARPS / ROWS;
        int row = threadIdx.x / PARTS;
        int part = threadIdx.x % PARTS;
        bool valid = row0 + row < p.outFeatures;
        for (int token0 = 0; token0 < TOKENS; token0 += 4) {
            float sums[4] = {};
            for (int r = part; r < p.rank; r += PARTS) {
                float up = valid ? load16(p.up, p.upDtype, static_cast<long>(row0 + row) * p.rank + r) : 0.f;
#pragma unroll
                for (int t = 0; t < 4; t++) {
                    sums[t] += token0 + t < p.numTokens ? up * __ldg(p.hidden + (token0 + t) * p.rank + r) : 0.f;
                }
            }
#pragma unroll
            for (int t = 0; t < 4; t++) {
#pragma unroll
                for (int mask = PARTS / 2; mask > 0; mask /= 2) {
                    sums[t] += __shfl_xor_sync(~0u, sums[t], mask);
                }
                if (part == 0) {
                    to[(token0 + t) * ROWS + row] = sums[t];
                }
            }
        }
    }

    __device__ __forceinline__ void finish(float sum, const float* branch, int row, int token) const {
        int n = row0 + row;
        if (n >= p.outFeatures || token >= p.numTokens) {
            return;
        }
        if (p.channelScales != nullptr) {
            sum *= load(static_cast<const char*>(p.channelScales), p.channelScaleDtype, n);
        }
        if (p.bias != nullptr) {
            sum += load(static_cast<const char*>(p.bias), p.biasDtype, n);
        }
        if (p.hidden != nullptr) {
            sum += branch[token * ROWS + row];
        }
        store(static_cast<char*>(p.y), p.yDtype, static_cast<long long>(token) * p.yStride + n, sum);
    }
};

template <class T, int ROWS, int TOKENS, int SPLIT>
__device__ __forceinline__ void lowBitFew(const LowBitFewParams& p) {
    extern __shared__ __align__(16) char shared[];
    using F = Few<T, ROWS, TOKENS, SPLIT>;
    int rank = SPLIT > 1 ? blockInCluster() : 0;
    int warp = threadIdx.x / 32;
    char* ring = shared + warp * STAGES * F::STAGE_BYTES;
    F few{p, smemAddress(ring), static_cast<int>(blockIdx.x / SPLIT) * ROWS};
    float* branch = reinterpret_cast<float*>(shared + WARPS * STAGES * F::STAGE_BYTES);
    few.start(rank * WARPS + warp);
    if (p.hidden != nullptr) {
        few.branch(branch);
    }
    few.run(ring, rank * WARPS + warp);
    float* partial = reinterpret_cast<float*>(shared);
    __syncthreads();
    few.writePartial(partial);
    __syncthreads();
    constexpr int RESULTS = ROWS * TOKENS;
    int numResults = ROWS * min(TOKENS, p.numTokens);
    for (int i = threadIdx.x; i < numResults; i += 32 * WARPS) {
        float sum = 0.f;
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            sum += partial[w * RESULTS + i];
        }
        if (SPLIT == 1) {
            few.finish(sum, branch, i % ROWS, i / ROWS);
        } else {
            partial[i] = sum;
        }
    }
    if (SPLIT > 1) {
        clusterSync();
        for (int i = rank * 32 * WARPS + threadIdx.x; i < numResults; i += SPLIT * 32 * WARPS) {
            float sum = 0.f;
#pragma unroll
            for (int block = 0; block < SPLIT; block++) {
                sum += loadSharedAt(smemAddress(partial + i), block);
            }
            few.finish(sum, branch, i % ROWS, i / ROWS);
        }
        clusterSync();
    }
}

}  // namespace

#define FEW_KERNEL(NAME, TYPE, ROWS, TOKENS, SPLIT)                                                                    \
    extern "C" __global__ void __cluster_dims__(SPLIT, 1, 1) __launch_bounds__(256, 2)                                 \
        NAME(const __grid_constant__ LowBitFewParams p) {                                                              \
        lowBitFew<TYPE, ROWS, TOKENS, SPLIT>(p);                                                                       \
    }
#define FEW_KERNELS(X, TYPE, ROWS, TOKENS)                                                                             \
    FEW_KERNEL(low_bit_linear__x_##X##_w_i4__few##TOKENS##_rows##ROWS##_split1__sm90a, TYPE, ROWS, TOKENS, 1)          \
    FEW_KERNEL(low_bit_linear__x_##X##_w_i4__few##TOKENS##_rows##ROWS##_split2__sm90a, TYPE, ROWS, TOKENS, 2)
FEW_KERNELS(bf16, Bf16, 16, 8)
FEW_KERNELS(bf16, Bf16, 32, 16)
FEW_KERNELS(f16, struct F16, 16, 8)
FEW_KERNELS(f16, struct F16, 32, 16)
