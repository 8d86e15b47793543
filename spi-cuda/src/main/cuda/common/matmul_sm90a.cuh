// Products y[m][n] = sum_k x[m][k] w[n][k] of Hopper kernels with sums of a whole row of inputs: copies, tensor cores, walk over tiles.
//
// Tile: 128 rows x 256 columns, 128 bytes of depth a step. 384 threads: warpgroup 0 feeds (one thread issues bulk tensor copies),
// warpgroups 1 and 2 multiply 64 x 256 each (wgmma m64n256, both operands in shared memory). 40 + 2 x 232 registers a thread.
// Shared memory: 1024 (alignment) + 4 stages x (128 + 256) x 128 bytes + 64 bytes of barriers.
// Grid: one block per multiprocessor; each walks tiles of the result. Tiles go down strips of 16, so that what all blocks read at a
// time is about square and stays in the L2 cache. Copies of a tile start while the one before is stored.
// Barriers: full[stage]  operands landed    empty[stage]  all multiplying warps are done with them
// Sums are added in ascending depth, 32 bytes at a time, whatever else is in the batch.
// Not with clusters that share copies: on an H100 not all clusters of 2 run at once, and a last one takes as long as all.
#pragma once
#include "hopper.cuh"
#include "tensor.cuh"
#include "tiles.cuh"

namespace filigree {

constexpr int MATMUL_TILE_M = 128;
constexpr int MATMUL_TILE_N = 256;
constexpr int MATMUL_STEP_BYTES = 128;
constexpr int MATMUL_STAGES = 4;
constexpr int MATMUL_X_BYTES = MATMUL_TILE_M * MATMUL_STEP_BYTES;
constexpr int MATMUL_STAGE_BYTES = MATMUL_X_BYTES + MATMUL_TILE_N * MATMUL_STEP_BYTES;
constexpr int MATMUL_FULL = MATMUL_STAGES * MATMUL_STAGE_BYTES;
constexpr int MATMUL_EMPTY = MATMUL_FULL + 8 * MATMUL_STAGES;
constexpr int MATMUL_WARPS = 8;

/** Operands and extents, the first fields of a kernel's parameters. Byte offsets are stated for the host. */
struct MatmulParams {
    TensorMap x;    // 0: [numRows, depth] in 16-bit units, box (64, 128), 128-byte swizzle, zero fill
    TensorMap w;    // 128: [numColumns, depth] likewise, box (64, 256)
    int numRows;    // 256
    int numColumns; // 260
    int depthBytes; // 264: a multiple of 16
    int reserved[13];
};

using MatmulTiles = Tiles<MATMUL_TILE_M, MATMUL_TILE_N>;
using MatmulRing = Ring<MATMUL_STAGES>;

/** One thread. */
__device__ __forceinline__ void matmulFeed(const MatmulParams& p, uint32_t smem) {
    MatmulRing ring;
    for (MatmulTiles tiles(p.numRows, p.numColumns); tiles.more(); tiles.next()) {
        int2 origin = tiles.origin();
        for (int at = 0; at < p.depthBytes; at += MATMUL_STEP_BYTES) {
            uint32_t full = smem + MATMUL_FULL + 8 * ring.stage;
            uint32_t to = smem + ring.stage * MATMUL_STAGE_BYTES;
            mbarrierWait(smem + MATMUL_EMPTY + 8 * ring.stage, ring.phase ^ 1);
            mbarrierExpect(full, MATMUL_STAGE_BYTES);
            tmaLoad2(to, &p.x, full, at / 2, origin.x);
            tmaLoad2(to + MATMUL_X_BYTES, &p.w, full, at / 2, origin.y);
            ring.next();
        }
    }
}

/** Whole tiles of sums; finish(sums, row, column) takes the 64 x 256 that a warpgroup has, from this thread's first row on. */
template <class T, class Finish>
__device__ __forceinline__ void matmulTiles(const MatmulParams& p, uint32_t smem, Finish finish) {
    int group = threadIdx.x / 128 - 1;
    int row = group * 64 + ((threadIdx.x & 127) / 32) * 16 + (threadIdx.x & 31) / 4;
    bool first = (threadIdx.x & 31) == 0;
    MatmulRing ring;
    typename T::Sum sums[128];
    for (MatmulTiles tiles(p.numRows, p.numColumns); tiles.more(); tiles.next()) {
        int2 origin = tiles.origin();
#pragma unroll
        for (int i = 0; i < 128; i++) {
            sums[i] = 0;
        }
        uint32_t before = 0;
        for (int at = 0; at < p.depthBytes; at += MATMUL_STEP_BYTES) {
            uint32_t x = smem + ring.stage * MATMUL_STAGE_BYTES + group * 64 * MATMUL_STEP_BYTES;
            uint32_t w = smem + ring.stage * MATMUL_STAGE_BYTES + MATMUL_X_BYTES;
            mbarrierWait(smem + MATMUL_FULL + 8 * ring.stage, ring.phase);
            pin(sums);
            wgmmaFence();
#pragma unroll
            for (int i = 0; i < MATMUL_STEP_BYTES / 32; i++) {
                T::product(sums, swizzled128(x + 32 * i, 16, 1024), swizzled128(w + 32 * i, 16, 1024), 1);
            }
            wgmmaCommit();
            wgmmaWait<1>();
            if (at > 0 && first) {
                mbarrierArrive(before);
            }
            before = smem + MATMUL_EMPTY + 8 * ring.stage;
            ring.next();
        }
        wgmmaWait<0>();
        pin(sums);
        if (p.depthBytes > 0 && first) {
            mbarrierArrive(before);
        }
        finish(sums, origin.x + row, origin.y);
    }
}

/** A whole block. */
template <class T, class Finish>
__device__ __forceinline__ void matmul(const MatmulParams& p, Finish finish) {
    extern __shared__ char raw[];
    uint32_t smem = smemAddress(raw) + (1024 - (smemAddress(raw) & 1023)) % 1024;
    if (threadIdx.x == 0) {
        for (int i = 0; i < MATMUL_STAGES; i++) {
            mbarrierInit(smem + MATMUL_FULL + 8 * i, 1);
            mbarrierInit(smem + MATMUL_EMPTY + 8 * i, MATMUL_WARPS);
        }
        mbarrierInitFence();
    }
    __syncthreads();
    if (threadIdx.x < 128) {
        giveRegisters<40>();
        if (threadIdx.x == 0) {
            matmulFeed(p, smem);
        }
    } else {
        takeRegisters<232>();
        matmulTiles<T>(p, smem, finish);
    }
}

__device__ __forceinline__ float asFloat(float value) { return value; }
__device__ __forceinline__ float asFloat(uint32_t bits) { return __uint_as_float(bits); }

/** The tile of a warpgroup, floats or their bits, as 16-bit rows of whole 16-byte lines; the 4 lanes that hold a row trade words so that each has a line. */
template <class T, class Sum>
__device__ __forceinline__ void matmulWriteLines(
    const MatmulParams& p, const Sum (&sums)[128], void* y, long stride, int row0, int column0) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = row0 + 8 * half;
        char* to = static_cast<char*>(y) + row * stride * 2;
#pragma unroll
        for (int group = 0; group < 8; group++) {
            uint32_t words[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int at = 4 * (4 * group + i) + 2 * half;
                words[i] = T::pack(asFloat(sums[at]), asFloat(sums[at + 1]));
            }
            uint4 line = transposeQuad(words[0], words[1], words[2], words[3]);
            int column = column0 + 8 * (4 * group + (threadIdx.x & 3));
            if (row < p.numRows && column < p.numColumns) {
                *reinterpret_cast<uint4*>(to + column * 2l) = line;
            }
        }
    }
}

/** Which element of a tile a thread's i-th sum is, from its first row and the tile's first column on. */
__device__ __forceinline__ int matmulRow(int i) { return 8 * (i / 2 % 2); }
__device__ __forceinline__ int matmulColumn(int i) { return 8 * (i / 4) + 2 * (threadIdx.x & 3) + i % 2; }

/** The tile of a warpgroup, floats or their bits, element by element: any dtype of y and any number of outputs. */
template <class Sum>
__device__ __forceinline__ void matmulWriteElements(
    const MatmulParams& p, const Sum (&sums)[128], void* y, int yDtype, int row0, int column0) {
#pragma unroll
    for (int i = 0; i < 128; i++) {
        int row = row0 + matmulRow(i);
        int column = column0 + matmulColumn(i);
        if (row < p.numRows && column < p.numColumns) {
            store(static_cast<char*>(y), yDtype, static_cast<long long>(row) * p.numColumns + column, asFloat(sums[i]));
        }
    }
}

}  // namespace filigree
