// The lowest index of the largest logit of a row, the first NaN if there is one. A block of 256 threads takes a row; each
// thread keeps the best of its columns, then the block reduces in shared memory, one barrier per halving.
#include "argmax.cuh"

extern "C" __global__ void __launch_bounds__(256)
argmax__cuda(const filigree::Tensor* logits, const filigree::Tensor* tokens) {
    using namespace filigree;
    for (long long row = blockIdx.x; row < logits->extent[0]; row += gridDim.x) {
        const int best = argmaxOfRow(*logits, row);
        if (threadIdx.x == 0) {
            storeInt(*tokens, at(*tokens, row), best);
        }
    }
}
