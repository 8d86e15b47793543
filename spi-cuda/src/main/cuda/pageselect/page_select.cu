// Chooses the pages that a decode step reads, or lets a list grow until it is chosen anew (LServe sections 3.4.1 and 3.4.3).
// A block of 512 threads takes one list of one sequence. The budget's last score is found digit by digit from a histogram in
// shared memory, without a sort; pages above it and the first of those equal to it are written in order.
#include "../argmax/argmax.cuh"

namespace filigree {

constexpr int SELECT_THREADS = 512;

// One list's candidates: all pages but the sink's and the newest.
struct PageCandidates {
    const Tensor& scores;
    int s;
    int list;
    int numPages;
    int sink;

    __device__ bool has(int page) const { return page >= sink && page < numPages - 1; }

    __device__ unsigned key(int page) const { return orderedBits(load(scores, at(scores, s, list, page))); }
};

// Where the chosen end: every key above is taken, and the first `equal` of those that have it.
struct Threshold {
    unsigned key;
    int equal;
};

// The key of the `wanted`-th best candidate, 1 or more. Barriers: histogram cleared, complete, digit found.
__device__ inline Threshold thresholdOf(const PageCandidates& pages, int wanted) {
    __shared__ int histogram[256];
    __shared__ int digit;
    __shared__ int above;
    unsigned prefix = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        for (int i = threadIdx.x; i < 256; i += SELECT_THREADS) {
            histogram[i] = 0;
        }
        __syncthreads();
        for (int page = threadIdx.x; page < pages.numPages; page += SELECT_THREADS) {
            const unsigned key = pages.has(page) ? pages.key(page) : 0;
            if (pages.has(page) && (shift == 24 || key >> (shift + 8) == prefix)) {
                atomicAdd(&histogram[key >> shift & 255], 1);
            }
        }
        __syncthreads();
        if (threadIdx.x < 32) {
            // Lane i holds the digits 255 - 8 i down to 248 - 8 i.
            const int lane = threadIdx.x;
            int own = 0;
            for (int i = 0; i < 8; i++) {
                own += histogram[255 - 8 * lane - i];
            }
            int before = own;
            for (int step = 1; step < 32; step <<= 1) {
                const int other = __shfl_up_sync(ALL_LANES, before, step);
                before += lane >= step ? other : 0;
            }
            before -= own;
            if (before < wanted && wanted <= before + own) {
                int i = 0;
                while (before + histogram[255 - 8 * lane - i] < wanted) {
                    before += histogram[255 - 8 * lane - i];
                    i++;
                }
                digit = 255 - 8 * lane - i;
                above = before;
            }
        }
        __syncthreads();
        prefix = prefix << 8 | static_cast<unsigned>(digit);
        wanted -= above;
    }
    return {prefix, wanted};
}

// How many threads before this one have the flag, and in `total` how many have it at all. Two barriers.
__device__ inline int rankOf(bool flag, int& total) {
    __shared__ int warps[SELECT_THREADS / 32];
    const unsigned set = __ballot_sync(ALL_LANES, flag);
    const int warp = threadIdx.x >> 5;
    __syncthreads();  // the counts before have been read
    if ((threadIdx.x & 31) == 0) {
        warps[warp] = __popc(set);
    }
    __syncthreads();
    int rank = __popc(set & ((1u << (threadIdx.x & 31)) - 1));
    total = 0;
    for (int i = 0; i < SELECT_THREADS / 32; i++) {
        rank += i < warp ? warps[i] : 0;
        total += warps[i];
    }
    return rank;
}

// Writes the chosen pages in ascending order; their number.
template <typename Write>
__device__ inline int writeChosen(const PageCandidates& pages, Threshold end, Write write) {
    int kept = 0;
    int equals = 0;
    for (int first = 0; first < pages.numPages; first += SELECT_THREADS) {
        const int page = first + static_cast<int>(threadIdx.x);
        const bool candidate = page < pages.numPages && pages.has(page);
        const unsigned key = candidate ? pages.key(page) : 0;
        int total;
        const int rank = equals + rankOf(candidate && key == end.key, total);
        equals += total;
        const bool take = page < pages.numPages && (!candidate || key > end.key || key == end.key && rank < end.equal);
        const int place = kept + rankOf(take, total);
        kept += total;
        if (take) {
            write(place, page);
        }
    }
    return kept;
}

}  // namespace filigree

extern "C" __global__ void __launch_bounds__(512)
page_select__cuda(const filigree::Tensor* scores, const filigree::Tensor* kvLengths, const filigree::Tensor* slots,
                  const filigree::Tensor* counts, const filigree::Tensor* pages, const int* kvHeads, int numKvHeads,
                  int listsPerKvHead, int budget, int sink, int pageSize, int reuseInterval) {
    using namespace filigree;
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
        const auto write = [&](int i, int page) { storeInt(*pages, at(*pages, slot, list, i), page); };
        __syncthreads();  // all have read the list before it changes
        int kept = numPages;
        if (numPages > budget && kvLength % reuseInterval != 0 && canGrow) {
            for (int i = threadIdx.x; i < opened; i += SELECT_THREADS) {
                write(count + i, newest + 1 + i);
            }
            kept = count + opened;
        } else if (numPages <= budget) {
            for (int page = threadIdx.x; page < numPages; page += SELECT_THREADS) {
                write(page, page);
            }
        } else {
            const PageCandidates candidates{*scores, s, list, numPages, sink};
            const int wanted = budget - sink - 1;
            const Threshold end = wanted > 0 ? thresholdOf(candidates, wanted) : Threshold{0xffffffffu, 0};
            kept = writeChosen(candidates, end, write);
        }
        if (threadIdx.x == 0) {
            storeInt(*counts, at(*counts, slot, list), kept);
        }
        __syncthreads();  // shared counts are read before the next list writes them
    }
}
