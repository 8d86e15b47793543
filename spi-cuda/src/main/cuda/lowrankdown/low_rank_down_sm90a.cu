// low_rank_down of 16-bit operands (SVDQuant section 4.2). A cluster of 8 blocks takes 16 tokens and 32 ranks; its 64 warps share the
// inputs, 64 at a time in turn, so that few tokens still fill the device. Partial sums of warps, then of blocks, are added in
// ascending order.
// Threads: 256. Shared memory: 8 x 16 x 32 partial sums, 16 KiB. Barriers: block: partial sums are written, and are read. Cluster: a
// block's sums are written; no block ends while another reads them.
#include "../common/tensor.cuh"
#include "down_products_sm90a.cuh"

using namespace filigree;

namespace {

constexpr int WARPS = 8;
constexpr int BLOCKS = 8;
constexpr int TOKENS = 16;
constexpr int RANKS = 32;
constexpr int RESULTS = TOKENS * RANKS;

/** Passed by value; byte offsets are stated for the host. */
struct LowRankDownParams {
    const void* x;     // 0: f16 or bf16 [numTokens, inFeatures], rows side by side
    const void* down;  // 8: as x [rank, inFeatures]
    float* hidden;     // 16: [numTokens, rank], rows side by side
    int numTokens;     // 24
    int inFeatures;    // 28: a multiple of 8
    int rank;          // 32
    int reserved;      // 36
};

static_assert(sizeof(LowRankDownParams) == 40, "the host counts on it");

template <class T>
__device__ __forceinline__ void lowRankDown(const LowRankDownParams& p) {
    __shared__ float partial[WARPS * RESULTS];
    int lane = threadIdx.x & 31;
    int warp = threadIdx.x / 32;
    int block = blockInCluster();
    int token0 = blockIdx.x / BLOCKS * TOKENS;
    int rank0 = blockIdx.y * RANKS;
    int low = token0 + lane / 4;
    float sums[4][4] = {};
    for (int input = (block * WARPS + warp) * 64; input < p.inFeatures; input += BLOCKS * WARPS * 64) {
        int column = input + (lane & 3) * 16;
        uint32_t words[2][8];
        read16(words[0], p.x, low, low < p.numTokens, column, p.inFeatures);
        read16(words[1], p.x, low + 8, low + 8 < p.numTokens, column, p.inFeatures);
        downProducts<T>(sums, words[0], words[1], p.down, p.rank, rank0, column, p.inFeatures);
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int token = lane / 4 + i / 2 * 8;
            partial[(warp * TOKENS + token) * RANKS + 8 * j + 2 * (lane & 3) + i % 2] = sums[j][i];
        }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < RESULTS; i += 32 * WARPS) {
        float sum = 0.f;
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            sum += partial[w * RESULTS + i];
        }
        partial[i] = sum;
    }
    clusterSync();
    int i = block * (RESULTS / BLOCKS) + threadIdx.x;
    if (threadIdx.x < RESULTS / BLOCKS) {
        float sum = 0.f;
#pragma unroll
        for (int b = 0; b < BLOCKS; b++) {
            sum += loadSharedAt(smemAddress(partial + i), b);
        }
        int token = token0 + i / RANKS;
        int rank = rank0 + i % RANKS;
        if (token < p.numTokens && rank < p.rank) {
            p.hidden[static_cast<long>(token) * p.rank + rank] = sum;
        }
    }
    clusterSync();
}

}  // namespace

extern "C" __global__ void __cluster_dims__(BLOCKS, 1, 1) __launch_bounds__(256)
low_rank_down__x_bf16_w_bf16__sm90a(const __grid_constant__ LowRankDownParams p) {
    lowRankDown<Bf16>(p);
}

extern "C" __global__ void __cluster_dims__(BLOCKS, 1, 1) __launch_bounds__(256)
low_rank_down__x_f16_w_f16__sm90a(const __grid_constant__ LowRankDownParams p) {
    lowRankDown<struct F16>(p);
}
