// y += hiddenRank up^T, added in fp32 and rounded once (SVDQuant section 4.2). A thread takes one result. 256 threads.
#include "../common/matmul.cuh"

extern "C" __global__ void __launch_bounds__(256)
low_rank_up__cuda(const filigree::Tensor* hiddens, const filigree::Tensor* ups, const filigree::Tensor* ys) {
    using namespace filigree;
    const Tensor hidden = *hiddens;
    const Tensor up = *ups;
    const Tensor y = *ys;
    const long long width = up.extent[0];
    const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long n = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; n < y.extent[0] * width; n += step) {
        const long long t = n / width;
        const long long o = n % width;
        float sum = 0;
        for (long long r = 0; r < up.extent[1]; r++) {
            sum += load(hidden, element(hidden, t, r)) * load(up, up.stride[0] * o + r);
        }
        const long long e = element(y, t, o);
        store(y, e, load(y, e) + sum);
    }
}
