// y += sum_i strengths[i] (x down_i^T) up_i^T (LoRA section 4.1): a launch for the products with all downs into scratch, a
// launch that adds. An adapter of strength or rank 0 is not read and leaves every bit as it is. 256 threads.
#include "../common/matmul.cuh"

// A warp takes one rank of one token; hidden is [numTokens, totalRank].
extern "C" __global__ void __launch_bounds__(256)
lora_apply__cuda(const filigree::Tensor* table, const filigree::Tensor* xs, const int* downs, int numAdapters,
                 const filigree::Tensor* strengths, float* hidden, int totalRank) {
    using namespace filigree;
    const Tensor x = *xs;
    const long long step = static_cast<long long>(gridDim.x) * (blockDim.x >> 5);
    for (long long n = static_cast<long long>(blockIdx.x) * (blockDim.x >> 5) + (threadIdx.x >> 5); n < x.extent[0] * totalRank; n += step) {
        const long long t = n / totalRank;
        long long r = n % totalRank;
        int adapter = 0;
        while (r >= table[downs[adapter]].extent[0]) {
            r -= table[downs[adapter]].extent[0];
            adapter++;
        }
        if (load(*strengths, at(*strengths, adapter)) == 0) {
            continue;
        }
        const Tensor& down = table[downs[adapter]];
        const float sum = warpDot(
            down.extent[1], [&](long long k) { return load(x, element(x, t, k)); },
            [&](long long k) { return load(down, down.stride[0] * r + k); });
        if ((threadIdx.x & 31) == 0) {
            hidden[n] = sum;
        }
    }
}

extern "C" __global__ void __launch_bounds__(256)
lora_apply__up__cuda(const filigree::Tensor* table, const int* downs, const int* ups, int numAdapters,
                     const filigree::Tensor* strengths, const float* hidden, int totalRank, const filigree::Tensor* ys) {
    using namespace filigree;
    const Tensor y = *ys;
    const long long width = table[ups[0]].extent[0];
    const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long n = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; n < y.extent[0] * width; n += step) {
        const long long t = n / width;
        const long long o = n % width;
        const float* ranks = hidden + t * totalRank;
        float sum = 0;
        bool any = false;
        for (int i = 0; i < numAdapters; i++) {
            const long long rank = table[downs[i]].extent[0];
            const float strength = load(*strengths, at(*strengths, i));
            if (strength != 0 && rank > 0) {
                const Tensor& up = table[ups[i]];
                float product = 0;
                for (long long r = 0; r < rank; r++) {
                    product += ranks[r] * load(up, up.stride[0] * o + r);
                }
                sum += strength * product;
                any = true;
            }
            ranks += rank;
        }
        if (any) {
            const long long e = element(y, t, o);
            store(y, e, load(y, e) + sum);
        }
    }
}
