// hiddenRank = x down^T in fp32 (SVDQuant section 4.2). A warp takes one result: ranks are few. 256 threads.
#include "../common/matmul.cuh"

extern "C" __global__ void __launch_bounds__(256)
low_rank_down__cuda(const filigree::Tensor* xs, const filigree::Tensor* downs, const filigree::Tensor* hidden) {
    using namespace filigree;
    const Tensor x = *xs;
    const Tensor down = *downs;
    const long long rank = down.extent[0];
    const long long step = static_cast<long long>(gridDim.x) * (blockDim.x >> 5);
    for (long long n = static_cast<long long>(blockIdx.x) * (blockDim.x >> 5) + (threadIdx.x >> 5); n < x.extent[0] * rank; n += step) {
        const long long t = n / rank;
        const long long r = n % rank;
        const float sum = warpDot(
            down.extent[1], [&](long long k) { return load(x, element(x, t, k)); },
            [&](long long k) { return load(down, down.stride[0] * r + k); });
        if ((threadIdx.x & 31) == 0) {
            store(*hidden, element(*hidden, t, r), sum);
        }
    }
}
