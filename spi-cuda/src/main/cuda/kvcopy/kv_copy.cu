// Copies whole pages within a pool. A block takes a page, 16 bytes per thread where the page allows. 256 threads.
#include "../common/rows.cuh"
#include "../common/pages.cuh"

extern "C" __global__ void __launch_bounds__(256)
kv_copy__cuda(const filigree::Tensor* pages, const filigree::Tensor* sources, const filigree::Tensor* targets) {
    using namespace filigree;
    for (long long i = blockIdx.x; i < sources->extent[0]; i += gridDim.x) {
        const char* from = pages->data + at(*pages, loadInt(*sources, at(*sources, i)));
        char* to = pages->data + at(*pages, loadInt(*targets, at(*targets, i)));
        copyBytes(from, to, pages->extent[1]);
    }
}
