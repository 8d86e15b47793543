// lse = log(sum_i exp(lse_i)), out = sum_i exp(lse_i - lse) out_i, parts folded in list order (Flash-Decoding; FlashInfer
// section 2.2). A warp takes one head of one token; lanes take channels. out may be one of the parts: each channel is read
// before it is written by the same lane, and every lane has read all lses before lane 0 writes one. 128 threads.
#include "../common/rows.cuh"

extern "C" __global__ void __launch_bounds__(128)
merge_states__cuda(const filigree::Tensor* table, const int* outs, const int* lses, int numParts,
                   const filigree::Tensor* outTensor, const filigree::Tensor* lseTensor) {
    using namespace filigree;
    const Tensor out = *outTensor;
    const int lane = threadIdx.x & 31;
    const long long numHeads = out.extent[1];
    const long long total = out.extent[0] * numHeads;
    const long long step = static_cast<long long>(gridDim.x) * (blockDim.x >> 5);
    for (long long n = static_cast<long long>(blockIdx.x) * (blockDim.x >> 5) + (threadIdx.x >> 5); n < total; n += step) {
        const long long t = n / numHeads;
        const long long h = n % numHeads;
        float max = -INFINITY;
        for (int i = 0; i < numParts; i++) {
            const Tensor& part = table[lses[i]];
            max = maxNan(max, load(part, at(part, t, h)));
        }
        float sum = 0;
        for (int i = 0; i < numParts; i++) {
            const Tensor& part = table[lses[i]];
            const float lse = load(part, at(part, t, h));
            sum += lse == -INFINITY ? 0.0f : expf(lse - max);
        }
        for (long long c = lane; c < out.extent[2]; c += 32) {
            float value = 0;
            for (int i = 0; i < numParts; i++) {
                const Tensor& part = table[lses[i]];
                const float lse = load(part, at(part, t, h));
                const float weight = lse == -INFINITY ? 0.0f : expf(lse - max);
                if (weight != 0) {  // an identity's out may hold anything
                    const Tensor& values = table[outs[i]];
                    value += weight / sum * load(values, at(values, t, h, c));
                }
            }
            store(out, at(out, t, h, c), value);
        }
        __syncwarp();
        if (lane == 0) {
            store(*lseTensor, at(*lseTensor, t, h), max == -INFINITY ? max : max + logf(sum));
        }
    }
}
