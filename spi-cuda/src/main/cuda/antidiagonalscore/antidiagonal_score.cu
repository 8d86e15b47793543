// Estimated attention mass per block from sums along antidiagonals (XAttention section 2.1). A stripe of `stride` queries is one
// row of stride * headDim channels, a stripe of keys likewise with its tokens reversed, so a score is a plain product.
//
// A block of 128 threads takes one block row of one head, 16 stripes at a time, and walks the key stripes in tiles of 32 twice:
// first for the softmax's maximum and sum, then to add probabilities to the masses. No score matrix is stored. Masses of a
// block are summed by one thread in ascending order, so results repeat. The tile and its barriers are those of attention.cuh.
#include "../common/attention.cuh"

namespace filigree {

struct Stripes {
    Tensor q;
    Tensor k;
    int firstQuery;
    int firstKey;
    int lq;
    int lk;
    int head;
    int slot;
    int stride;
    int alternating;

    // Token of residue a of query stripe i, -1 where the call has none.
    __device__ int query(int i, int a) const {
        const int query = i * stride + a - (lk - lq);
        return query >= 0 && query < lq ? firstQuery + query : -1;
    }
    // Token of key stripe j that meets query residue a, -1 past the end.
    __device__ int key(int j, int a) const {
        const int shift = alternating && (j & 1) ? 1 : 0;
        const int token = j * stride + (stride - 1 - a + shift) % stride;
        return token < lk ? firstKey + token : -1;
    }
};

// Scores of 16 query stripes with 32 key stripes.
__device__ inline void scoreStripes(AttentionShared& sh, const Stripes& st, int firstStripe, int numStripes, int firstKeyStripe, float (&s)[4]) {
    const int r = threadIdx.x >> 3;
    const int g = threadIdx.x & 7;
    const int headDim = static_cast<int>(st.q.extent[2]);
    for (int a = 0; a < st.stride; a++) {
        for (int start = 0; start < headDim; start += CHUNK) {
            const int width = min(CHUNK, headDim - start);
            __syncthreads();  // the chunk before has been multiplied
            loadRows(sh.q, TILE_ROWS, width, [&](int row, VectorRef& vector) {
                const int t = row < numStripes ? st.query(firstStripe + row, a) : -1;
                vector = {st.q.data, at(st.q, t, st.head) + start, st.q.dtype, 1, 0};
                return t >= 0;
            });
            loadRows(sh.k, TILE_KEYS, width, [&](int n, VectorRef& vector) {
                const int t = st.key(firstKeyStripe + n, a);
                vector = {st.k.data, at(st.k, t, st.slot) + start, st.k.dtype, 1, 0};
                return t >= 0;
            });
            __syncthreads();
            for (int c = 0; c < width; c += 4) {
                const float4 x = *reinterpret_cast<const float4*>(&sh.q[r][c]);
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    const float4 y = *reinterpret_cast<const float4*>(&sh.k[g + 8 * i][c]);
                    s[i] += x.x * y.x + x.y * y.y + x.z * y.z + x.w * y.w;
                }
            }
        }
    }
}

// Adds the masses of a tile of 32 key stripes to their blocks; sh.p holds probabilities.
__device__ inline void addMasses(AttentionShared& sh, const Tensor& blockMass, long long first, int firstKeyStripe, int end, int stripesPerBlock) {
    __syncthreads();
    if (threadIdx.x < TILE_KEYS) {
        float sum = 0;
        for (int row = 0; row < TILE_ROWS; row++) {
            sum += sh.p[row][threadIdx.x];
        }
        sh.v[0][threadIdx.x] = sum;
    }
    __syncthreads();
    const int firstBlock = firstKeyStripe / stripesPerBlock;
    const int block = firstBlock + threadIdx.x;
    const int begin = max(firstKeyStripe, block * stripesPerBlock);
    const int stop = min(min(firstKeyStripe + TILE_KEYS, end), (block + 1) * stripesPerBlock);
    if (begin < stop) {
        float sum = load(blockMass, first + block * blockMass.stride[2]);
        for (int j = begin; j < stop; j++) {
            sum += sh.v[0][j - firstKeyStripe];
        }
        store(blockMass, first + block * blockMass.stride[2], sum);
    }
}

// Masses of up to 16 query stripes.
__device__ inline void addStripes(AttentionShared& sh, const Stripes& st, int firstStripe, int numStripes, float factor, int causal,
                                  int stripesPerBlock, const Tensor& blockMass, long long first) {
    const int r = threadIdx.x >> 3;
    const int g = threadIdx.x & 7;
    const int stripe = firstStripe + r;
    const int numKeyStripes = ceilDiv(st.lk, st.stride);
    bool counts = false;
    for (int a = 0; r < numStripes && a < st.stride; a++) {
        counts = counts || st.query(stripe, a) >= 0;
    }
    const int reachable = causal ? min(numKeyStripes, stripe + 1) : numKeyStripes;
    const int end = causal ? min(numKeyStripes, firstStripe + numStripes) : numKeyStripes;
    float max = -INFINITY;
    float sum = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int firstKey = 0; firstKey < end; firstKey += TILE_KEYS) {
            float s[4] = {};
            scoreStripes(sh, st, firstStripe, numStripes, firstKey, s);
            float tileMax = -INFINITY;
#pragma unroll
            for (int i = 0; i < 4; i++) {
                s[i] *= factor;
                tileMax = firstKey + g + 8 * i < reachable ? maxNan(tileMax, s[i]) : tileMax;
            }
            if (pass == 0) {
                for (int step = 4; step > 0; step >>= 1) {
                    tileMax = maxNan(tileMax, __shfl_xor_sync(ALL_LANES, tileMax, step));
                }
                const float newMax = maxNan(max, tileMax);
                float tileSum = 0;
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    tileSum += firstKey + g + 8 * i < reachable ? expf(s[i] - newMax) : 0;
                }
                sum = (max == -INFINITY ? 0 : sum * expf(max - newMax)) + rowSum(tileSum);
                max = newMax;
            } else {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    const bool adds = counts && firstKey + g + 8 * i < reachable;
                    sh.p[r][g + 8 * i] = adds ? expf(s[i] - max) / sum : 0;
                }
                addMasses(sh, blockMass, first, firstKey, end, stripesPerBlock);
            }
        }
    }
}

}  // namespace filigree

extern "C" __global__ void __launch_bounds__(128)
antidiagonal_score__cuda(const filigree::Tensor* qs, const filigree::Tensor* ks, const filigree::Tensor* qOffsets,
                         const filigree::Tensor* kvOffsets, const filigree::Tensor* qBlockOffsets,
                         const filigree::Tensor* blockMass, const int* kvHeads, const int* kvSlots, int numKvHeads, int groupSize,
                         float factor, int causal, int blockSize, int stride, int alternating) {
    using namespace filigree;
    __shared__ AttentionShared sh;
    const int stripesPerBlock = blockSize / stride;
    const int numRows = loadInt(*qBlockOffsets, at(*qBlockOffsets, qBlockOffsets->extent[0] - 1));
    const int numHeads = numKvHeads * groupSize;
    for (long long n = blockIdx.x; n < static_cast<long long>(numRows) * numHeads; n += gridDim.x) {
        const int i = static_cast<int>(n % numHeads);
        const int row = numRows - 1 - static_cast<int>(n / numHeads);
        const int s = sequenceOf(*qBlockOffsets, row);
        Stripes st{*qs, *ks};
        st.firstQuery = loadInt(*qOffsets, at(*qOffsets, s));
        st.lq = loadInt(*qOffsets, at(*qOffsets, s + 1)) - st.firstQuery;
        st.firstKey = loadInt(*kvOffsets, at(*kvOffsets, s));
        st.lk = loadInt(*kvOffsets, at(*kvOffsets, s + 1)) - st.firstKey;
        st.head = kvHeads[i / groupSize] * groupSize + i % groupSize;
        st.slot = kvSlots[i / groupSize];
        st.stride = stride;
        st.alternating = alternating;
        const int block = floorDiv(st.lk - st.lq, blockSize) + row - loadInt(*qBlockOffsets, at(*qBlockOffsets, s));
        const long long first = at(*blockMass, row, st.head);
        for (long long c = threadIdx.x; c < blockMass->extent[2]; c += blockDim.x) {
            store(*blockMass, first + c * blockMass->stride[2], 0);
        }
        __syncthreads();
        for (int stripe = 0; stripe < stripesPerBlock; stripe += TILE_ROWS) {
            addStripes(sh, st, block * stripesPerBlock + stripe, min(TILE_ROWS, stripesPerBlock - stripe), factor, causal,
                       stripesPerBlock, *blockMass, first);
        }
        __syncthreads();
    }
}
