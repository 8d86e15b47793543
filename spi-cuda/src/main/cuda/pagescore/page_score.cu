// Upper bounds of a decode query's score on each page: per logical page sum_c max(q_c kMax_c, q_c kMin_c), then the maximum
// over the logical pages that hold tokens and over the heads of a list (Quest section 3.2; LServe section 3.4.2). A warp takes
// one page of one list of one sequence; lanes take channels. 128 threads, no shared memory.
#include "../common/pages.cuh"

extern "C" __global__ void __launch_bounds__(128)
page_score__cuda(const filigree::Tensor* qs, const filigree::Tensor* pool, const filigree::Tensor* table,
                 filigree::PageLayout layout, const filigree::Tensor* kvLengths, const filigree::Tensor* scores,
                 const int* kvHeads, const int* kvSlots, int numLists, int headsPerList, int groupSize) {
    using namespace filigree;
    const Tensor q = *qs;
    const int lane = threadIdx.x & 31;
    const int sequence = blockIdx.z;
    if (sequence >= q.extent[0]) {
        return;
    }
    const int served = blockIdx.y;  // of the lists served; a group has groupSize / headsPerList of them
    const int perGroup = groupSize / headsPerList;
    const int kvHead = kvHeads[served / perGroup];
    const int place = kvSlots[served / perGroup];
    const int list = kvHead * perGroup + served % perGroup;
    const int kvLength = loadInt(*kvLengths, at(*kvLengths, sequence));
    const int numPages = ceilDiv(kvLength, static_cast<int>(layout.pageSize));
    const int headDim = static_cast<int>(layout.headDimQk);
    const int step = gridDim.x * (blockDim.x >> 5);
    for (int page = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5); page < numPages; page += step) {
        const char* bytes = pageOf(*pool, *table, layout, sequence, static_cast<long long>(page) * layout.pageSize);
        float best = -INFINITY;
        for (int l = 0; l * layout.logicalPageSize < layout.pageSize; l++) {
            if (page * layout.pageSize + l * layout.logicalPageSize >= kvLength) {
                break;
            }
            const long long first = (static_cast<long long>(l) * layout.numHeads + place) * headDim;
            for (int h = list * headsPerList; h < (list + 1) * headsPerList; h++) {
                float sum = 0;
                for (int c = lane; c < headDim; c += 32) {
                    const float query = load(q, at(q, sequence, h, c));
                    sum += maxNan(query * loadHalf(bytes, layout.kMax, first + c), query * loadHalf(bytes, layout.kMin, first + c));
                }
                best = maxNan(best, warpSum(sum));
            }
        }
        if (lane == 0) {
            store(*scores, at(*scores, sequence, list, page), best);
        }
    }
}
