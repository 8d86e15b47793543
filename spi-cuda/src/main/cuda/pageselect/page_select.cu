// Chooses the pages that a decode step reads, or lets a list grow until it is chosen anew (LServe sections 3.4.1 and 3.4.3).
// A block of 256 threads takes one list of one sequence. Sort buffers and flags lie in scratch.
#include "../argmax/argmax.cuh"
#include "../common/sort.cuh"

namespace filigree {

// Marks sink pages, the newest page and the best of the others until the budget is full.
__device__ inline void choosePages(const Tensor& scores, int s, int list, int numPages, int budget, int sink, SortBuffers sort, int* chosen) {
    for (int page = threadIdx.x; page < numPages; page += blockDim.x) {
        chosen[page] = page < sink || page == numPages - 1;
        sort.items[0][page] = page;
        sort.keys[0][page] = ~orderedBits(load(scores, at(scores, s, list, page)));
    }
    __syncthreads();
    sortByKey(sort, numPages, 32);
    if (threadIdx.x == 0) {
        int kept = min(sink, numPages - 1) + 1;
        for (int n = 0; n < numPages && kept < budget; n++) {
            const int page = sort.items[0][n];
            if (!chosen[page]) {
                chosen[page] = 1;
                kept++;
            }
        }
    }
    __syncthreads();
}

}  // namespace filigree

extern "C" __global__ void __launch_bounds__(256)
page_select__cuda(const filigree::Tensor* scores, const filigree::Tensor* kvLengths, const filigree::Tensor* slots,
                  const filigree::Tensor* counts, const filigree::Tensor* pages, const int* kvHeads, int numKvHeads,
                  int listsPerKvHead, int budget, int sink, int pageSize, int reuseInterval, int maxPages, char* scratch) {
    using namespace filigree;
    char* own = scratch + static_cast<long long>(blockIdx.x) * (24 + 8) * maxPages;
    int* chosen = reinterpret_cast<int*>(own + 24ll * maxPages);
    const int perSequence = numKvHeads * listsPerKvHead;
    for (long long n = blockIdx.x; n < slots->extent[0] * perSequence; n += gridDim.x) {
        const int s = static_cast<int>(n / perSequence);
        const int served = static_cast<int>(n % perSequence);
        const int list = kvHeads[served / listsPerKvHead] * listsPerKvHead + served % listsPerKvHead;
        const int kvLength = loadInt(*kvLengths, at(*kvLengths, s));
        const int numPages = ceilDiv(kvLength, pageSize);
        const int slot = loadInt(*slots, at(*slots, s));
        const int count = loadInt(*counts, at(*counts, slot, list));
        const int newest = count > 0 ? loadInt(*pages, at(*pages, slot, list, count - 1)) : -1;
        const int opened = numPages - 1 - newest;
        const bool canGrow = count > 0 && opened >= 0 && count + opened <= pages->extent[2];
        __syncthreads();  // all have read the list before it changes
        if (numPages > budget && kvLength % reuseInterval != 0 && canGrow) {
            for (int i = threadIdx.x; i < opened; i += blockDim.x) {
                storeInt(*pages, at(*pages, slot, list, count + i), newest + 1 + i);
            }
            if (threadIdx.x == 0) {
                storeInt(*counts, at(*counts, slot, list), count + opened);
            }
            continue;
        }
        const bool all = numPages <= budget;
        if (!all) {
            choosePages(*scores, s, list, numPages, budget, sink, sortBuffers(own, maxPages), chosen);
        }
        const int kept = compact(
            numPages, [&](int page) { return all || chosen[page] != 0; },
            [&](int i, int page) { storeInt(*pages, at(*pages, slot, list, i), page); });
        if (threadIdx.x == 0) {
            storeInt(*counts, at(*counts, slot, list), kept);
        }
        __syncthreads();  // flags are read before the next list writes them
    }
}
