// out = x / sqrt(mean(x^2) + eps) * weight over the innermost axis (Zhang and Sennrich 2019). A block of 256 threads takes
// one vector at a time; the sum of squares is a butterfly per warp and then a sum over warps in order, so that equal runs
// give equal bits. 32 floats of shared memory hold the sums of the warps.
#include "../common/rows.cuh"

extern "C" __global__ void __launch_bounds__(256)
rms_norm__cuda(const filigree::Tensor* xs, const filigree::Tensor* weights, const filigree::Tensor* outs, float eps) {
    using namespace filigree;
    __shared__ float sums[32];
    const Tensor x = *xs;
    const Tensor weight = *weights;
    const Tensor out = *outs;
    const long long n = weight.extent[0];
    const long long perRow = rowElements(x) / n;
    for (long long v = blockIdx.x; v < x.extent[0] * perRow; v += gridDim.x) {
        const long long row = v / perRow;
        const long long start = v % perRow * n;
        float squares = 0;
        for (long long c = threadIdx.x; c < n; c += blockDim.x) {
            const float value = load(x, element(x, row, start + c));
            squares += value * value;
        }
        const float root = sqrtf(blockSum(squares, sums) / n + eps);
        for (long long c = threadIdx.x; c < n; c += blockDim.x) {
            const float value = load(x, element(x, row, start + c));
            store(out, element(out, row, start + c), value / root * load(weight, at(weight, c)));
        }
    }
}
