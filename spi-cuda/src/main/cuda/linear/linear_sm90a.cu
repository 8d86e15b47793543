// linear: y = x W^T + bias of 16-bit operands with fp32 sums, for many tokens. Tiles, threads, shared memory and barriers are those
// of common/matmul_sm90a.cuh.
#include "../common/tensor.cuh"
#include "linear_sm90a.cuh"

using namespace filigree;

namespace {

__device__ __forceinline__ void addBias(const LinearParams& p, float (&sums)[128], int column0) {
#pragma unroll
    for (int i = 0; i < 128; i += 4) {
#pragma unroll
        for (int j = 0; j < 2; j++) {
            int column = column0 + matmulColumn(i + j);
            float bias = column < p.matmul.numColumns ? load(static_cast<const char*>(p.bias), p.biasDtype, column) : 0.f;
            sums[i + j] += bias;
            sums[i + 2 + j] += bias;
        }
    }
}

template <class T>
__device__ __forceinline__ void linear(const LinearParams& p) {
    bool lines = p.yDtype == T::DTYPE && p.matmul.numColumns % 8 == 0;
    matmul<T>(p.matmul, [&](float (&sums)[128], int row, int column) {
        if (p.bias != nullptr) {
            addBias(p, sums, column);
        }
        if (lines) {
            matmulWriteLines<T>(p.matmul, sums, p.y, p.matmul.numColumns, row, column);
        } else {
            matmulWriteElements(p.matmul, sums, p.y, p.yDtype, row, column);
        }
    });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(384, 1)
linear__x_bf16_w_bf16__bm128_bn256__sm90a(const __grid_constant__ LinearParams p) {
    linear<Bf16>(p);
}

extern "C" __global__ void __launch_bounds__(384, 1)
linear__x_f16_w_f16__bm128_bn256__sm90a(const __grid_constant__ LinearParams p) {
    linear<struct F16>(p);
}
