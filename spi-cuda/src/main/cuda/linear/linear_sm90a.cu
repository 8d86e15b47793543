// linear: y = x W^T + bias of 16-bit operands with fp32 sums, for many tokens.
//
// Tile: 128 tokens x 256 outputs, 64 inputs a step. Clusters of 2 blocks have neighbouring token tiles of the same outputs;
// each copies half of the weight tile to both.
// Threads: 384. Warpgroup 0 feeds (one thread issues bulk tensor copies), warpgroups 1 and 2 multiply 64 tokens x 256 outputs
// each (wgmma m64n256k16, both operands in shared memory). 40 + 2 x 232 registers a thread.
// Shared memory: 1024 (alignment) + 4 stages x (128 + 256) x 64 x 2 bytes + 64 bytes of barriers.
// Grid: one block per multiprocessor, rounded down to whole clusters; each walks tiles of the result. Tiles go down strips of
// 16 token tiles, so that what all blocks read at a time is about square and stays in the L2 cache.
// Barriers: full[stage]  operands landed    empty[stage]  all multiplying warps of the cluster are done with them
// Copies of a tile start while the one before is stored. Sums are added in ascending order of inputs, 16 at a time, whatever
// else is in the batch.
#include "../common/tensor.cuh"
#include "linear_sm90a.cuh"

using namespace filigree;

namespace {

constexpr int TILE_M = 128;
constexpr int TILE_N = 256;
constexpr int TILE_K = 64;
constexpr int STAGES = 4;
constexpr int X_BYTES = TILE_M * TILE_K * 2;
constexpr int W_BYTES = TILE_N * TILE_K * 2;
constexpr int STAGE_BYTES = X_BYTES + W_BYTES;
constexpr int FULL = STAGES * STAGE_BYTES;
constexpr int EMPTY = FULL + 8 * STAGES;
constexpr int STRIP = 16;
constexpr int WARPS = 8;

/** The tiles of a cluster, in the order that it takes them. */
template <int CLUSTER>
struct Tiles {
    int rows;
    int columns;
    int index;

    __device__ __forceinline__ explicit Tiles(const LinearParams& p)
        : rows((p.numTokens + TILE_M * CLUSTER - 1) / (TILE_M * CLUSTER)),
          columns((p.outFeatures + TILE_N - 1) / TILE_N),
          index(blockIdx.x / CLUSTER) {}

    __device__ __forceinline__ bool more() const { return index < rows * columns; }

    __device__ __forceinline__ void next() { index += gridDim.x / CLUSTER; }

    /** First token and first output of this block's tile. */
    __device__ __forceinline__ int2 origin(int rank) const {
        constexpr int HIGH = STRIP / CLUSTER;
        int strip = index / (HIGH * columns);
        int within = index % (HIGH * columns);
        int high = min(HIGH, rows - strip * HIGH);
        int row = strip * HIGH + within % high;
        return {(row * CLUSTER + rank) * TILE_M, within / high * TILE_N};
    }
};

struct Ring {
    int stage = 0;
    uint32_t phase = 0;
    __device__ __forceinline__ void next() {
        if (++stage == STAGES) {
            stage = 0;
            phase ^= 1;
        }
    }
};

/** One thread. */
template <int CLUSTER>
__device__ void feed(const LinearParams& p, uint32_t smem) {
    int rank = CLUSTER > 1 ? blockInCluster() : 0;
    Ring ring;
    for (Tiles<CLUSTER> tiles(p); tiles.more(); tiles.next()) {
        int2 origin = tiles.origin(rank);
        for (int k = 0; k < p.inFeatures; k += TILE_K) {
            uint32_t full = smem + FULL + 8 * ring.stage;
            uint32_t at = smem + ring.stage * STAGE_BYTES;
            mbarrierWait(smem + EMPTY + 8 * ring.stage, ring.phase ^ 1);
            mbarrierExpect(full, STAGE_BYTES);
            tmaLoad2(at, &p.x, full, k, origin.x);
            if (CLUSTER > 1) {
                constexpr int PART = TILE_N / CLUSTER;
                uint32_t to = at + X_BYTES + rank * PART * TILE_K * 2;
                tmaLoad2Multicast(to, &p.w, full, k, origin.y + rank * PART, (1 << CLUSTER) - 1);
            } else {
                tmaLoad2(at + X_BYTES, &p.w, full, k, origin.y);
            }
            ring.next();
        }
    }
}

template <int CLUSTER>
__device__ __forceinline__ void release(uint32_t barrier) {
    int lane = threadIdx.x & 31;
    if (CLUSTER > 1) {
        if (lane < CLUSTER) {
            mbarrierArriveAt(barrier, lane);
        }
    } else if (lane == 0) {
        mbarrierArrive(barrier);
    }
}

__device__ __forceinline__ float biasAt(const LinearParams& p, int column) {
    return column < p.outFeatures ? load(static_cast<const char*>(p.bias), p.biasDtype, column) : 0.f;
}

__device__ __forceinline__ void addBias(const LinearParams& p, float (&sums)[128], int column0) {
#pragma unroll
    for (int j = 0; j < 32; j++) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
            float bias = biasAt(p, column0 + 8 * j + 2 * (threadIdx.x & 3) + i);
            sums[4 * j + i] += bias;
            sums[4 * j + 2 + i] += bias;
        }
    }
}

/** 16-bit rows of whole 16-byte lines; the 4 lanes that hold a row trade words so that each has a line. */
template <class T>
__device__ __forceinline__ void writeLines(const LinearParams& p, float (&sums)[128], int row0, int column0) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = row0 + 8 * half;
        char* to = static_cast<char*>(p.y) + static_cast<long>(row) * p.outFeatures * 2;
#pragma unroll
        for (int group = 0; group < 8; group++) {
            uint32_t words[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int at = 4 * (4 * group + i) + 2 * half;
                words[i] = T::pack(sums[at], sums[at + 1]);
            }
            uint4 line = transposeQuad(words[0], words[1], words[2], words[3]);
            int column = column0 + 8 * (4 * group + (threadIdx.x & 3));
            if (row < p.numTokens && column < p.outFeatures) {
                *reinterpret_cast<uint4*>(to + column * 2l) = line;
            }
        }
    }
}

/** Any dtype of y and any number of outputs. */
__device__ __forceinline__ void writeElements(const LinearParams& p, float (&sums)[128], int row0, int column0) {
#pragma unroll
    for (int i = 0; i < 128; i++) {
        int row = row0 + 8 * (i / 2 % 2);
        int column = column0 + 8 * (i / 4) + 2 * (threadIdx.x & 3) + i % 2;
        if (row < p.numTokens && column < p.outFeatures) {
            store(static_cast<char*>(p.y), p.yDtype, static_cast<long long>(row) * p.outFeatures + column, sums[i]);
        }
    }
}

template <class T, int CLUSTER>
__device__ void multiply(const LinearParams& p, uint32_t smem) {
    int rank = CLUSTER > 1 ? blockInCluster() : 0;
    int group = threadIdx.x / 128 - 1;
    int row = group * 64 + ((threadIdx.x & 127) / 32) * 16 + (threadIdx.x & 31) / 4;
    bool lines = p.yDtype == T::DTYPE && p.outFeatures % 8 == 0;
    Ring ring;
    float sums[128];
    for (Tiles<CLUSTER> tiles(p); tiles.more(); tiles.next()) {
        int2 origin = tiles.origin(rank);
#pragma unroll
        for (int i = 0; i < 128; i++) {
            sums[i] = 0.f;
        }
        uint32_t before = 0;
        for (int k = 0; k < p.inFeatures; k += TILE_K) {
            uint32_t x = smem + ring.stage * STAGE_BYTES + group * 64 * 128;
            uint32_t w = smem + ring.stage * STAGE_BYTES + X_BYTES;
            mbarrierWait(smem + FULL + 8 * ring.stage, ring.phase);
            pin(sums);
            wgmmaFence();
#pragma unroll
            for (int i = 0; i < TILE_K / 16; i++) {
                T::product(sums, swizzled128(x + 32 * i, 16, 1024), swizzled128(w + 32 * i, 16, 1024), 1);
            }
            wgmmaCommit();
            wgmmaWait<1>();
            if (k > 0) {
                release<CLUSTER>(before);
            }
            before = smem + EMPTY + 8 * ring.stage;
            ring.next();
        }
        wgmmaWait<0>();
        pin(sums);
        if (p.inFeatures > 0) {
            release<CLUSTER>(before);
        }
        if (p.bias != nullptr) {
            addBias(p, sums, origin.y);
        }
        if (lines) {
            writeLines<T>(p, sums, origin.x + row, origin.y);
        } else {
            writeElements(p, sums, origin.x + row, origin.y);
        }
    }
}

template <class T, int CLUSTER>
__device__ __forceinline__ void linear(const LinearParams& p) {
    extern __shared__ char raw[];
    uint32_t smem = smemAddress(raw) + (1024 - (smemAddress(raw) & 1023)) % 1024;
    if (threadIdx.x == 0) {
        for (int i = 0; i < STAGES; i++) {
            mbarrierInit(smem + FULL + 8 * i, 1);
            mbarrierInit(smem + EMPTY + 8 * i, WARPS * CLUSTER);
        }
        mbarrierInitFence();
    }
    __syncthreads();
    if (CLUSTER > 1) {
        clusterSync();
    }
    if (threadIdx.x < 128) {
        giveRegisters<40>();
        if (threadIdx.x == 0) {
            feed<CLUSTER>(p, smem);
        }
        __syncwarp();
    } else {
        takeRegisters<232>();
        multiply<T, CLUSTER>(p, smem);
    }
    // A block's shared memory stays until its neighbour has sent and counted everything.
    if (CLUSTER > 1) {
        clusterSync();
    }
}

}  // namespace

#define LINEAR_KERNEL(NAME, TYPE, CLUSTER, ATTRIBUTE)                                                                  \
    extern "C" __global__ void ATTRIBUTE __launch_bounds__(384, 1) NAME(const __grid_constant__ LinearParams p) {      \
        linear<TYPE, CLUSTER>(p);                                                                                      \
    }
LINEAR_KERNEL(linear__x_bf16_w_bf16__bm128_bn256__sm90a, Bf16, 1, )
LINEAR_KERNEL(linear__x_f16_w_f16__bm128_bn256__sm90a, struct F16, 1, )
LINEAR_KERNEL(linear__x_bf16_w_bf16__bm256_bn256__sm90a, Bf16, 2, __cluster_dims__(2, 1, 1))
LINEAR_KERNEL(linear__x_f16_w_f16__bm256_bn256__sm90a, struct F16, 2, __cluster_dims__(2, 1, 1))
