// Recomputes the statistics of logical pages from stored keys (LServe section 3.4.2). A warp takes one head of one logical
// page; pages that a ring has overwritten are left alone. 128 threads.
#include "../common/pages.cuh"

extern "C" __global__ void __launch_bounds__(128)
page_stats__cuda(const filigree::Tensor* pool, const filigree::Tensor* table, filigree::PageLayout layout,
                 const filigree::Tensor* fromLengths, const filigree::Tensor* kvLengths, int maxLogicalPages) {
    using namespace filigree;
    const int lps = static_cast<int>(layout.logicalPageSize);
    const int numHeads = static_cast<int>(layout.numHeads);
    const int sequence = blockIdx.y;
    if (sequence >= kvLengths->extent[0]) {
        return;
    }
    const int from = loadInt(*fromLengths, at(*fromLengths, sequence));
    const int end = loadInt(*kvLengths, at(*kvLengths, sequence));
    if (from >= end) {
        return;
    }
    const long long lastPage = (end - 1) / layout.pageSize;
    const int firstLogical = from / lps;
    const int numLogical = ceilDiv(end, lps) - firstLogical;
    const int step = gridDim.x * (blockDim.x >> 5);
    for (int n = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5); n < numLogical * numHeads; n += step) {
        const int position = (firstLogical + n / numHeads) * lps;
        const long long page = position / layout.pageSize;
        const bool resident = layout.ringPages == 0 || page < layout.sinkPages || page > lastPage - layout.ringPages;
        if (!resident) {
            continue;
        }
        const int slot = static_cast<int>(position % layout.pageSize);
        updateBounds(layout, pageOf(*pool, *table, layout, sequence, position), n % numHeads, slot, slot + min(lps, end - position));
    }
}
