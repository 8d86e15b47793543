// Draws the next token of each row, step by step as the op says. A block of 256 threads takes a row: argmax, a stable sort of
// the vocabulary by falling logit, fp64 weights, and then thread 0 alone, since sums are in order. Keys, items and weights lie
// in scratch.
#include "../argmax/argmax.cuh"
#include "../common/sort.cuh"

namespace filigree {

// A number in [0, 1) from the SplitMix64 finaliser (Steele, Lea and Flood 2014, figure 10).
__device__ inline double uniform(unsigned long long seed, int position) {
    unsigned long long z = seed + static_cast<long long>(position) * 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    z ^= z >> 31;
    return (z >> 11) * 0x1p-53;
}

__device__ inline int pick(const double* weights, const unsigned* items, int kept, double total, float topP, double u) {
    if (topP < 1) {
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            sum += weights[i] / total;
            if (sum >= topP) {
                kept = i + 1;  // ends the loop
            }
        }
    }
    double whole = 0;
    for (int i = 0; i < kept; i++) {
        whole += weights[i];
    }
    double sum = 0;
    for (int i = 0; i < kept; i++) {
        sum += weights[i];
        if (sum > u * whole) {
            return items[i];
        }
    }
    return items[kept - 1];
}

}  // namespace filigree

extern "C" __global__ void __launch_bounds__(256)
sample__cuda(const filigree::Tensor* logitsTensor, const filigree::Tensor* temperatures, const filigree::Tensor* topKs,
             const filigree::Tensor* topPs, const filigree::Tensor* seeds, const filigree::Tensor* positions,
             const filigree::Tensor* tokens, char* scratch) {
    using namespace filigree;
    const Tensor logits = *logitsTensor;
    const int vocab = static_cast<int>(logits.extent[1]);
    char* own = scratch + static_cast<long long>(blockIdx.x) * (24 + 8) * vocab;
    double* weights = reinterpret_cast<double*>(own + 24ll * vocab);
    for (long long s = blockIdx.x; s < logits.extent[0]; s += gridDim.x) {
        const int best = argmaxOfRow(logits, s);
        const float largest = load(logits, at(logits, s, best));
        const float temperature = load(*temperatures, at(*temperatures, s));
        if (temperature == 0 || !isfinite(largest)) {
            if (threadIdx.x == 0) {
                storeInt(*tokens, at(*tokens, s), best);
            }
            continue;
        }
        SortBuffers sort = sortBuffers(own, vocab);
        for (int i = threadIdx.x; i < vocab; i += blockDim.x) {
            sort.keys[0][i] = ~orderedBits(load(logits, at(logits, s, i)));
            sort.items[0][i] = i;
        }
        __syncthreads();
        sortByKey(sort, vocab, 32);
        const int topK = loadInt(*topKs, at(*topKs, s));
        const int kept = topK > 0 ? min(topK, vocab) : vocab;
        for (int i = threadIdx.x; i < kept; i += blockDim.x) {
            const double difference = static_cast<double>(load(logits, at(logits, s, sort.items[0][i]))) - largest;
            weights[i] = exp(difference / temperature);
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            double total = 0;
            for (int i = 0; i < kept; i++) {
                total += weights[i];
            }
            const unsigned long long seed = reinterpret_cast<const unsigned long long*>(seeds->data)[at(*seeds, s)];
            const double u = uniform(seed, loadInt(*positions, at(*positions, s)));
            storeInt(*tokens, at(*tokens, s), pick(weights, sort.items[0], kept, total, load(*topPs, at(*topPs, s)), u));
        }
        __syncthreads();  // weights are read before the next row writes them
    }
}
