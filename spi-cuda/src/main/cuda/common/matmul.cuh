// Products of rows with rows, y[m][n] = sum_k x[m][k] w[n][k], for any dtypes and strides: the general path of the linear ops.
//
// A block of 256 threads has a tile of 64 x 64 results; thread (i, j) = (tid / 16, tid % 16) has rows i + 16a and columns
// j + 16b. Operands come in chunks of 16 as fp32 in shared memory, k-major and one column apart, so that a warp reads
// neighbouring banks; products are added in fp32 in ascending k, whatever else is in the batch. The barriers keep a chunk from
// being overwritten while it is multiplied.
#pragma once

#include "rows.cuh"

namespace filigree {

constexpr int MATMUL_TILE = 64;
constexpr int MATMUL_CHUNK = 16;
constexpr int MATMUL_THREADS = 256;

struct MatmulShared {
    float x[MATMUL_CHUNK][MATMUL_TILE + 1];
    float w[MATMUL_CHUNK][MATMUL_TILE + 1];
};

// A tile of 64 x 64 results from (firstRow, firstColumn) on. x(m, k) and w(n, k) read operands; emit(m, n, sum) takes results.
template <typename X, typename W, typename Emit>
__device__ inline void matmulTile(MatmulShared& sh, long long firstRow, long long numRows, long long firstColumn, long long numColumns,
                                  long long depth, X x, W w, Emit emit) {
    const int i = threadIdx.x >> 4;
    const int j = threadIdx.x & 15;
    float sums[4][4] = {};
    for (long long start = 0; start < depth; start += MATMUL_CHUNK) {
        __syncthreads();
        for (int n = threadIdx.x; n < MATMUL_TILE * MATMUL_CHUNK; n += MATMUL_THREADS) {
            const int k = n % MATMUL_CHUNK;
            const int line = n / MATMUL_CHUNK;
            const bool inDepth = start + k < depth;
            sh.x[k][line] = inDepth && firstRow + line < numRows ? x(firstRow + line, start + k) : 0;
            sh.w[k][line] = inDepth && firstColumn + line < numColumns ? w(firstColumn + line, start + k) : 0;
        }
        __syncthreads();
#pragma unroll
        for (int k = 0; k < MATMUL_CHUNK; k++) {
            float a[4];
            float b[4];
#pragma unroll
            for (int n = 0; n < 4; n++) {
                a[n] = sh.x[k][i + 16 * n];
                b[n] = sh.w[k][j + 16 * n];
            }
#pragma unroll
            for (int m = 0; m < 4; m++) {
#pragma unroll
                for (int n = 0; n < 4; n++) {
                    sums[m][n] += a[m] * b[n];
                }
            }
        }
    }
#pragma unroll
    for (int m = 0; m < 4; m++) {
#pragma unroll
        for (int n = 0; n < 4; n++) {
            const long long row = firstRow + i + 16 * m;
            const long long column = firstColumn + j + 16 * n;
            if (row < numRows && column < numColumns) {
                emit(row, column, sums[m][n]);
            }
        }
    }
}

// Walks the tiles of a [numRows, numColumns] result over the grid: f(firstRow, firstColumn).
template <typename F>
__device__ inline void forEachTile(long long numRows, long long numColumns, F f) {
    const long long columns = (numColumns + MATMUL_TILE - 1) / MATMUL_TILE;
    const long long tiles = (numRows + MATMUL_TILE - 1) / MATMUL_TILE * columns;
    for (long long tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        f(tile / columns * MATMUL_TILE, tile % columns * MATMUL_TILE);
    }
}

// One result by a warp: the lanes' partial sums over k = lane, lane + 32, ... in ascending order, then a butterfly. For few rows.
template <typename X, typename W>
__device__ inline float warpDot(long long depth, X x, W w) {
    float sum = 0;
    for (long long k = threadIdx.x & 31; k < depth; k += 32) {
        sum += x(k) * w(k);
    }
    return warpSum(sum);
}

}  // namespace filigree
