// out = (x - mean) / sqrt(variance + eps) * weight + bias over the innermost axis, the variance from the differences (Ba et
// al. 2016). A block of 256 threads takes one vector at a time and reads it three times; the mean is fp64, since its error
// moves every difference. 32 doubles of shared memory hold the sums of the warps.
#include "../common/rows.cuh"

extern "C" __global__ void __launch_bounds__(256)
layer_norm__cuda(const filigree::Tensor* xs, const filigree::Tensor* weight, const filigree::Tensor* bias,
                 const filigree::Tensor* outs, float eps) {
    using namespace filigree;
    __shared__ double sums[32];
    const Tensor x = *xs;
    const Tensor out = *outs;
    const long long n = x.extent[x.rank - 1];
    const long long perRow = rowElements(x) / n;
    for (long long v = blockIdx.x; v < x.extent[0] * perRow; v += gridDim.x) {
        const long long row = v / perRow;
        const long long start = v % perRow * n;
        double sum = 0;
        for (long long c = threadIdx.x; c < n; c += blockDim.x) {
            sum += load(x, element(x, row, start + c));
        }
        const double mean = blockSum(sum, sums) / n;
        double squares = 0;
        for (long long c = threadIdx.x; c < n; c += blockDim.x) {
            const double difference = load(x, element(x, row, start + c)) - mean;
            squares += difference * difference;
        }
        const double root = sqrt(blockSum(squares, sums) / n + eps);
        for (long long c = threadIdx.x; c < n; c += blockDim.x) {
            const double factor = weight ? load(*weight, at(*weight, c)) : 1.0f;
            const double offset = bias ? load(*bias, at(*bias, c)) : 0.0f;
            const double value = (load(x, element(x, row, start + c)) - mean) / root * factor + offset;
            store(out, element(out, row, start + c), static_cast<float>(value));
        }
    }
}
