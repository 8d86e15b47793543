// y = x W^T + b for any float dtypes: tiles for many tokens, a warp per result for few. The general path of matmul.cuh.
#include "../common/matmul.cuh"

extern "C" __global__ void __launch_bounds__(256)
linear__cuda(const filigree::Tensor* xs, const filigree::Tensor* ws, const filigree::Tensor* bias, const filigree::Tensor* ys) {
    using namespace filigree;
    __shared__ MatmulShared sh;
    const Tensor x = *xs;
    const Tensor w = *ws;
    const Tensor y = *ys;
    forEachTile(x.extent[0], w.extent[0], [&](long long row, long long column) {
        matmulTile(
            sh, row, x.extent[0], column, w.extent[0], w.extent[1],
            [&](long long m, long long k) { return load(x, m * x.stride[0] + k); },
            [&](long long n, long long k) { return load(w, n * w.stride[0] + k); },
            [&](long long m, long long n, float sum) {
                store(y, m * y.stride[0] + n, bias ? sum + load(*bias, at(*bias, n)) : sum);
            });
    });
}

extern "C" __global__ void __launch_bounds__(256)
linear__few__cuda(const filigree::Tensor* xs, const filigree::Tensor* ws, const filigree::Tensor* bias, const filigree::Tensor* ys) {
    using namespace filigree;
    const Tensor x = *xs;
    const Tensor w = *ws;
    const Tensor y = *ys;
    const long long step = static_cast<long long>(gridDim.x) * (blockDim.x >> 5);
    for (long long n = static_cast<long long>(blockIdx.x) * (blockDim.x >> 5) + (threadIdx.x >> 5); n < w.extent[0]; n += step) {
        for (long long m = 0; m < x.extent[0]; m++) {
            const float sum = warpDot(
                w.extent[1], [&](long long k) { return load(x, m * x.stride[0] + k); },
                [&](long long k) { return load(w, n * w.stride[0] + k); });
            if ((threadIdx.x & 31) == 0) {
                store(y, m * y.stride[0] + n, bias ? sum + load(*bias, at(*bias, n)) : sum);
            }
        }
    }
}
