// Low-bit linear layers of any format: y = channelScale * sum_i x_i w_i + bias over the numbers that codes stand for (SVDQuant
// section 4; QServe section 4). A block of 256 threads has a tile of 64 x 64 results, as in matmul.cuh. Depth is walked in
// chunks of up to 16 codes that end where a group of either side ends. Products of integer codes are added as integers over a
// whole pair of groups and scaled once; e2m1 codes count halves, so they are integers too.
#include "../common/matmul.cuh"

namespace filigree {

// An operand's codes as the integers that a scale multiplies: e2m1 in halves.
__device__ inline int codeAt(const Tensor& t, long long e) {
    return t.dtype == E2M1 ? static_cast<int>(2 * load(t, e)) : static_cast<int>(load(t, e));
}

struct Grouped {
    long long size;   // columns per group; the whole row if it has one scale
    float unit;       // what a code counts

    __device__ long long end(long long column) const { return (column / size + 1) * size; }
};

__device__ inline Grouped grouped(const Tensor& codes, int groupSize, long long depth) {
    return {groupSize == 0 ? max(depth, 1ll) : groupSize, codes.dtype == E2M1 ? 0.5f : 1.0f};
}

struct LowBitShared {
    float x[MATMUL_CHUNK][MATMUL_TILE + 1];  // floats, or the bits of integers
    int w[MATMUL_CHUNK][MATMUL_TILE + 1];
};

// Sums of one pair of groups.
struct GroupSums {
    int codes[4][4];     // integer x: x_i w_i
    float floats[4][4];  // float x: x_i w_i
    float xs[4];         // x_i, for zeros of the weight
};

}  // namespace filigree

extern "C" __global__ void __launch_bounds__(256)
low_bit_linear__cuda(const filigree::Tensor* xTensor, const filigree::Tensor* xScales, const filigree::Tensor* wTensor,
                     const filigree::Tensor* scalesTensor, const filigree::Tensor* zeros, const filigree::Tensor* channelScales,
                     const filigree::Tensor* bias, const filigree::Tensor* yTensor, int xGroupSize, int wGroupSize) {
    using namespace filigree;
    __shared__ LowBitShared sh;
    const Tensor x = *xTensor;
    const Tensor w = *wTensor;
    const Tensor scales = *scalesTensor;
    const Tensor y = *yTensor;
    const long long depth = w.extent[1];
    const long long numRows = x.extent[0];
    const long long numColumns = w.extent[0];
    const bool integers = xScales != nullptr;
    const Grouped xGroups = grouped(x, integers ? xGroupSize : 0, depth);
    const Grouped wGroups = grouped(w, wGroupSize, depth);
    const int i = threadIdx.x >> 4;
    const int j = threadIdx.x & 15;
    forEachTile(numRows, numColumns, [&](long long firstRow, long long firstColumn) {
        float sums[4][4] = {};
        for (long long group = 0; group < depth;) {
            const long long groupEnd = min(depth, min(xGroups.end(group), wGroups.end(group)));
            GroupSums part = {};
            for (long long start = group; start < groupEnd; start += MATMUL_CHUNK) {
                __syncthreads();
                for (int n = threadIdx.x; n < MATMUL_TILE * MATMUL_CHUNK; n += MATMUL_THREADS) {
                    const int k = n % MATMUL_CHUNK;
                    const int line = n / MATMUL_CHUNK;
                    const long long column = start + k;
                    float value = 0;
                    int code = 0;
                    if (column < groupEnd && firstRow + line < numRows) {
                        const long long e = x.stride[0] * (firstRow + line) + column;
                        value = integers ? __int_as_float(codeAt(x, e)) : load(x, element(x, firstRow + line, column));
                    }
                    if (column < groupEnd && firstColumn + line < numColumns) {
                        code = codeAt(w, w.stride[0] * (firstColumn + line) + column);
                    }
                    sh.x[k][line] = value;
                    sh.w[k][line] = code;
                }
                __syncthreads();
                for (int k = 0; k < MATMUL_CHUNK; k++) {
#pragma unroll
                    for (int m = 0; m < 4; m++) {
                        const float a = sh.x[k][i + 16 * m];
                        part.xs[m] += integers ? static_cast<float>(__float_as_int(a)) : a;
#pragma unroll
                        for (int n = 0; n < 4; n++) {
                            const int b = sh.w[k][j + 16 * n];
                            if (integers) {
                                part.codes[m][n] += __float_as_int(a) * b;
                            } else {
                                part.floats[m][n] += a * b;
                            }
                        }
                    }
                }
            }
#pragma unroll
            for (int m = 0; m < 4; m++) {
                const long long row = firstRow + i + 16 * m;
#pragma unroll
                for (int n = 0; n < 4; n++) {
                    const long long column = firstColumn + j + 16 * n;
                    if (row < numRows && column < numColumns) {
                        const float xScale = integers ? load(*xScales, at(*xScales, row) + group / xGroups.size) * xGroups.unit : 1.0f;
                        const long long g = group / wGroups.size;
                        const float product = integers ? static_cast<float>(part.codes[m][n]) : part.floats[m][n];
                        float sum = load(scales, scales.stride[0] * column + g) * wGroups.unit * product;
                        if (zeros != nullptr) {
                            sum += load(*zeros, zeros->stride[0] * column + g) * part.xs[m];
                        }
                        sums[m][n] += xScale * sum;
                    }
                }
            }
            group = groupEnd;
        }
#pragma unroll
        for (int m = 0; m < 4; m++) {
#pragma unroll
            for (int n = 0; n < 4; n++) {
                const long long row = firstRow + i + 16 * m;
                const long long column = firstColumn + j + 16 * n;
                if (row < numRows && column < numColumns) {
                    float result = sums[m][n];
                    if (channelScales != nullptr) {
                        result *= load(*channelScales, at(*channelScales, column));
                    }
                    if (bias != nullptr) {
                        result += load(*bias, at(*bias, column));
                    }
                    store(y, element(y, row, column), result);
                }
            }
        }
        __syncthreads();
    });
}
