// Copies whole pages out of a pool into a staging tensor, or back. A block takes a page. 256 threads.
#include "../common/rows.cuh"
#include "../common/pages.cuh"

extern "C" __global__ void __launch_bounds__(256)
kv_evict__cuda(const filigree::Tensor* pages, const filigree::Tensor* pageIds, const filigree::Tensor* staging, int out) {
    using namespace filigree;
    for (long long i = blockIdx.x; i < pageIds->extent[0]; i += gridDim.x) {
        char* inPool = pages->data + at(*pages, loadInt(*pageIds, at(*pageIds, i)));
        char* inStaging = staging->data + at(*staging, i);
        copyBytes(out ? inPool : inStaging, out ? inStaging : inPool, pages->extent[1]);
    }
}
