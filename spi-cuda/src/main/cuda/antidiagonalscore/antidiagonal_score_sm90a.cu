// antidiagonal_score: estimated attention mass per block (XAttention section 2.1) as one tensor-core product of stripes with
// the softmax and the sums over blocks fused; no score leaves the registers.
//
// Tile: 128 query stripes x 256 key stripes of one head, k steps of 64. Threads: 384; warpgroup 0 loads, warpgroups 1 and 2
// multiply 64 stripes each. Shared memory: 1024 + 4 stages x 48 KiB + 2048. Grid: one block per multiprocessor; a queue hands
// out rows of tiles, the longest of a head first.
// Per tile of keys the sums of exp(score - running maximum) over each block's stripes go to `partial`, a buffer per thread
// block that stays in the L2 cache, with the maximum in `tileMax`. When a row of tiles is done, they are rescaled to the final
// maximum, divided by the row's total and added over the stripes of each query block in a fixed order: no atomics on results.
// Not two passes over the product: it would double the only large cost.
// Barriers: full[stage] both tiles landed, empty[stage] 8 warps have multiplied, itemFull/itemEmpty the item slot.
// Named barriers 2 and 3: the 128 threads of a warpgroup between writing partial sums and reading those of other rows.
#include "../common/tiles.cuh"
#include "antidiagonal_score_sm90a.cuh"

using namespace filigree;

namespace {

constexpr float LOG2E = 1.4426950408889634f;
constexpr int STAGES = 4;
constexpr int A_BYTES = SCORE_ROWS * 128;
constexpr int B_BYTES = SCORE_KEYS * 128;
constexpr int STAGE_BYTES = A_BYTES + B_BYTES;
constexpr int FULL = STAGES * STAGE_BYTES;
constexpr int EMPTY = FULL + 8 * STAGES;
constexpr int ITEM_FULL = EMPTY + 8 * STAGES;
constexpr int ITEM_EMPTY = ITEM_FULL + 8;
constexpr int ITEM = ITEM_EMPTY + 8;
constexpr int ROWS = ITEM + 16;  // f32 [128][2]: final maximum (log2 units) and 1 / total

struct ScoreItem {
    int seq, rowTile, head, keyTiles;
};

/** Lengths of a sequence in stripes. */
struct Stripes {
    int shift, numKeys, first, numStripes, numRows;
    __device__ __forceinline__ Stripes(const ScoreParams& p, int seq) {
        int n = SCORE_BLOCK / p.stride;
        numKeys = p.kvOffsets[seq + 1] - p.kvOffsets[seq];
        shift = numKeys - (p.qOffsets[seq + 1] - p.qOffsets[seq]);
        first = (shift >> 7) * n;
        numStripes = (numKeys + p.stride - 1) / p.stride;
        numRows = (p.qBlockOffsets[seq + 1] - p.qBlockOffsets[seq]) * n;
    }
    __device__ __forceinline__ int rowTiles() const {
        return (numRows + SCORE_ROWS - 1) / SCORE_ROWS;
    }
    __device__ __forceinline__ int keyTiles(const ScoreParams& p, int rowTile) const {
        int last = first + min(numRows, (rowTile + 1) * SCORE_ROWS) - 1;
        int reach = p.causal ? max(0, min(numStripes, last + 1)) : numStripes;
        return (reach + SCORE_KEYS - 1) / SCORE_KEYS;
    }
};

__device__ void produce(const ScoreParams& p, uint32_t smem, char* pointer) {
    Ring<STAGES> ring;
    uint32_t itemPhase = 0;
    int total = 0;
    for (int s = 0; s < p.numSeqs; s++) {
        total += Stripes(p, s).rowTiles();
    }
    int steps = p.stride * p.headDim / 64;
    int n = SCORE_BLOCK / p.stride;
    ScoreItem* slot = reinterpret_cast<ScoreItem*>(pointer + ITEM);
    while (true) {
        int index = atomicAdd(p.queue, 1);
        ScoreItem item{-1, 0, 0, 0};
        if (index < total * p.numHeads) {
            item.head = index / total;
            int left = index % total;
            item.seq = 0;
            while (left >= Stripes(p, item.seq).rowTiles()) {
                left -= Stripes(p, item.seq).rowTiles();
                item.seq++;
            }
            Stripes stripes(p, item.seq);
            item.rowTile = stripes.rowTiles() - 1 - left;
            item.keyTiles = stripes.keyTiles(p, item.rowTile);
        }
        mbarrierWait(smem + ITEM_EMPTY, itemPhase ^ 1);
        itemPhase ^= 1;
        *slot = item;
        mbarrierArrive(smem + ITEM_FULL);
        if (item.seq < 0) {
            return;
        }
        int qRow = item.head * p.numQRows + p.qBlockOffsets[item.seq] * n + item.rowTile * SCORE_ROWS;
        int kRow = p.heads[item.head].kvSlot * p.numKvRows + keyRowBase(p, item.seq);
        for (int tile = 0; tile < item.keyTiles; tile++) {
            for (int step = 0; step < steps; step++) {
                mbarrierWait(smem + EMPTY + 8 * ring.stage, ring.phase ^ 1);
                uint32_t full = smem + FULL + 8 * ring.stage;
                uint32_t to = smem + ring.stage * STAGE_BYTES;
                mbarrierExpect(full, STAGE_BYTES);
                tmaLoad2(to, &p.q, full, step * 64, qRow);
                tmaLoad2(to + A_BYTES, &p.k, full, step * 64, kRow + tile * SCORE_KEYS);
                ring.next();
            }
        }
    }
}

/** Sums four values over the 4 lanes of a row; lane q ends with the q-th total. */
__device__ __forceinline__ float reduceScatter(float a, float b, float c, float d) {
    bool high = threadIdx.x & 2;
    bool odd = threadIdx.x & 1;
    float keep0 = high ? c : a;
    float keep1 = high ? d : b;
    keep0 += __shfl_xor_sync(~0u, high ? a : c, 2);
    keep1 += __shfl_xor_sync(~0u, high ? b : d, 2);
    return (odd ? keep1 : keep0) + __shfl_xor_sync(~0u, odd ? keep0 : keep1, 1);
}

struct RowState {
    float max[2], sum[2];
};

/** Softmax of one tile against the running maximum and sums per block; CHUNKS groups of 8 stripes make a block. */
template <int CHUNKS>
__device__ __forceinline__ void foldTile(
    float (&acc)[128], RowState& state, float factor, float* partial, float* tileMax, int row) {
    constexpr int BLOCKS = 32 / CHUNKS;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float max = state.max[half];
#pragma unroll
        for (int i = 0; i < 32; i++) {
            max = fmaxf(max, fmaxf(acc[4 * i + 2 * half], acc[4 * i + 2 * half + 1]));
        }
        max = fmaxf(max, __shfl_xor_sync(~0u, max, 1));
        max = fmaxf(max, __shfl_xor_sync(~0u, max, 2));
        float base = max == -INFINITY ? 0.f : max * factor;
        float rescale = exp2Fast(state.max[half] * factor - base);
        state.max[half] = max;
        float out[BLOCKS / 4];
        float total = 0.f;
#pragma unroll
        for (int group = 0; group < BLOCKS / 4; group++) {
            float sums[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                sums[i] = 0.f;
#pragma unroll
                for (int c = 0; c < CHUNKS; c++) {
                    int at = 4 * ((4 * group + i) * CHUNKS + c) + 2 * half;
                    sums[i] += exp2Fast(fmaf(acc[at], factor, -base)) + exp2Fast(fmaf(acc[at + 1], factor, -base));
                }
            }
            out[group] = reduceScatter(sums[0], sums[1], sums[2], sums[3]);
            total += out[group];
        }
        state.sum[half] = fmaf(state.sum[half], rescale, total);
        int r = row + 8 * half;
        float* to = partial + r * BLOCKS + (threadIdx.x & 3) * (BLOCKS / 4);
        if constexpr (BLOCKS / 4 >= 4) {
#pragma unroll
            for (int i = 0; i < BLOCKS / 4; i += 4) {
                *reinterpret_cast<float4*>(to + i) = float4{out[i], out[i + 1], out[i + 2], out[i + 3]};
            }
        } else {
            *reinterpret_cast<float2*>(to) = float2{out[0], out[1]};
        }
        if ((threadIdx.x & 3) == 0) {
            tileMax[r] = base;
        }
    }
}

__device__ __forceinline__ void maskTile(float (&acc)[128], int stripe0, int key0, int numStripes, int causal) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int end = causal ? min(numStripes, stripe0 + 8 * half + 1) : numStripes;
#pragma unroll
        for (int i = 0; i < 64; i++) {
            int key = key0 + 8 * (i >> 1) + (i & 1);
            float& value = acc[4 * (i >> 1) + 2 * half + (i & 1)];
            value = key < end ? value : -INFINITY;
        }
    }
}

/** Block mass of a warpgroup's 64 stripes from the partial sums; rows hold (final maximum, weight). */
template <int CHUNKS>
__device__ __forceinline__ void writeMass(
    const ScoreParams& p, const float* partial, const float* tileMax, const float2* rows, int group, int keyTiles,
    int firstBlock, int numBlocks, float* mass, long massStride) {
    constexpr int BLOCKS = 32 / CHUNKS;
    constexpr int N = 8 * CHUNKS;
    constexpr int LANES = BLOCKS / 4;
    constexpr int ROWS_AT_ONCE = 32 / LANES;
    int warp = (threadIdx.x & 127) / 32;
    int lane = threadIdx.x & 31;
    int column = (lane % LANES) * 4;
    for (int work = warp; work < (64 / N) * keyTiles; work += 4) {
        int block = work / keyTiles;
        int tile = work % keyTiles;
        if (firstBlock + block >= numBlocks) {
            break;
        }
        float4 sum{0.f, 0.f, 0.f, 0.f};
#pragma unroll
        for (int i = 0; i < N / ROWS_AT_ONCE; i++) {
            int row = group * 64 + block * N + i * ROWS_AT_ONCE + lane / LANES;
            float2 row0 = rows[row];
            float4 part = *reinterpret_cast<const float4*>(partial + (static_cast<long>(tile) * SCORE_ROWS + row) * BLOCKS + column);
            float weight = exp2Fast(tileMax[tile * SCORE_ROWS + row] - row0.x) * row0.y;
            // A weight of exactly 0 marks a stripe without queries: whatever its sums hold must not leak.
            sum.x += row0.y == 0.f ? 0.f : part.x * weight;
            sum.y += row0.y == 0.f ? 0.f : part.y * weight;
            sum.z += row0.y == 0.f ? 0.f : part.z * weight;
            sum.w += row0.y == 0.f ? 0.f : part.w * weight;
        }
#pragma unroll
        for (int mask = LANES; mask < 32; mask *= 2) {
            sum.x += __shfl_xor_sync(~0u, sum.x, mask);
            sum.y += __shfl_xor_sync(~0u, sum.y, mask);
            sum.z += __shfl_xor_sync(~0u, sum.z, mask);
            sum.w += __shfl_xor_sync(~0u, sum.w, mask);
        }
        if (lane < LANES) {
            // Columns were stored as [lane of the row][group]: undo that.
            float values[4] = {sum.x, sum.y, sum.z, sum.w};
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int at = column + i;
                int key = tile * BLOCKS + 4 * (at % (BLOCKS / 4)) + at / (BLOCKS / 4);
                if (key < p.maxKvBlocks) {
                    mass[block * massStride + key] = values[i];
                }
            }
        }
    }
    int begin = keyTiles * BLOCKS;
    for (int block = 0; block < 64 / N && firstBlock + block < numBlocks; block++) {
        for (int c = begin + (threadIdx.x & 127); c < p.maxKvBlocks; c += 128) {
            mass[block * massStride + c] = 0.f;
        }
    }
}

template <class T, int CHUNKS>
__device__ void consume(const ScoreParams& p, uint32_t smem, char* pointer) {
    constexpr int BLOCKS = 32 / CHUNKS;
    constexpr int N = 8 * CHUNKS;
    int group = threadIdx.x / 128 - 1;
    int lane = threadIdx.x & 31;
    int row = group * 64 + ((threadIdx.x & 127) / 32) * 16 + lane / 4;
    float factor = p.factor * LOG2E;
    float* partial = p.partial + static_cast<long>(blockIdx.x) * p.maxKeyTiles * SCORE_ROWS * BLOCKS;
    float* tileMax = p.tileMax + static_cast<long>(blockIdx.x) * p.maxKeyTiles * SCORE_ROWS;
    float2* rows = reinterpret_cast<float2*>(pointer + ROWS);
    int steps = p.stride * p.headDim / 64;
    Ring<STAGES> ring;
    uint32_t itemPhase = 0;
    float acc[128];
    while (true) {
        mbarrierWait(smem + ITEM_FULL, itemPhase);
        itemPhase ^= 1;
        ScoreItem item = *reinterpret_cast<ScoreItem*>(pointer + ITEM);
        __syncwarp();
        if (lane == 0) {
            mbarrierArrive(smem + ITEM_EMPTY);
        }
        if (item.seq < 0) {
            return;
        }
        Stripes stripes(p, item.seq);
        int firstStripe = stripes.first + item.rowTile * SCORE_ROWS;
        int stripe = firstStripe + row;
        RowState state{{-INFINITY, -INFINITY}, {0.f, 0.f}};
        for (int tile = 0; tile < item.keyTiles; tile++) {
            for (int step = 0; step < steps; step++) {
                mbarrierWait(smem + FULL + 8 * ring.stage, ring.phase);
                uint32_t a = smem + ring.stage * STAGE_BYTES + group * 64 * 128;
                uint32_t b = smem + ring.stage * STAGE_BYTES + A_BYTES;
                pin(acc);
                wgmmaFence();
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    T::product(acc, swizzled128(a + i * 32, 16, 1024), swizzled128(b + i * 32, 16, 1024), step + i > 0);
                }
                wgmmaCommit();
                // One product stays in flight; the stage before it is free.
                wgmmaWait<1>();
                if (step > 0 && lane == 0) {
                    mbarrierArrive(smem + EMPTY + 8 * ((ring.stage + STAGES - 1) % STAGES));
                }
                ring.next();
            }
            wgmmaWait<0>();
            pin(acc);
            if (lane == 0) {
                mbarrierArrive(smem + EMPTY + 8 * ((ring.stage + STAGES - 1) % STAGES));
            }
            int key0 = tile * SCORE_KEYS;
            if (key0 + SCORE_KEYS > stripes.numStripes || (p.causal && key0 + SCORE_KEYS - 1 > firstStripe + group * 64)) {
                maskTile(acc, stripe, key0 + 2 * (lane & 3), stripes.numStripes, p.causal);
            }
            foldTile<CHUNKS>(
                acc, state, factor, partial + static_cast<long>(tile) * SCORE_ROWS * BLOCKS, tileMax + tile * SCORE_ROWS, row);
        }
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int at = stripe + 8 * half;
            bool queries = (at + 1) * p.stride > stripes.shift && at * p.stride < stripes.numKeys;
            // The 4 lanes of a row hold the totals of disjoint blocks.
            float sum = state.sum[half];
            sum += __shfl_xor_sync(~0u, sum, 1);
            sum += __shfl_xor_sync(~0u, sum, 2);
            if ((lane & 3) == 0) {
                float base = state.max[half] == -INFINITY ? 0.f : state.max[half] * factor;
                rows[row + 8 * half] = float2{base, queries && sum != 0.f ? 1.f / sum : 0.f};
            }
        }
        namedBarrierSync(2 + group, 128);
        int numBlocks = stripes.numRows / N;
        int firstBlock = (item.rowTile * SCORE_ROWS + group * 64) / N;
        long massStride = static_cast<long>(p.numQoHeads) * p.maxKvBlocks;
        float* mass = p.blockMass + (p.qBlockOffsets[item.seq] + firstBlock) * massStride +
                      static_cast<long>(p.heads[item.head].qoHead) * p.maxKvBlocks;
        writeMass<CHUNKS>(p, partial, tileMax, rows, group, item.keyTiles, firstBlock, numBlocks, mass, massStride);
        namedBarrierSync(2 + group, 128);
    }
}

template <class T, int CHUNKS>
__device__ __forceinline__ void score(const ScoreParams& p) {
    extern __shared__ char raw[];
    char* pointer = raw + (1024 - (smemAddress(raw) & 1023)) % 1024;
    uint32_t smem = smemAddress(pointer);
    if (threadIdx.x == 0) {
        for (int i = 0; i < STAGES; i++) {
            mbarrierInit(smem + FULL + 8 * i, 1);
            mbarrierInit(smem + EMPTY + 8 * i, 8);
        }
        mbarrierInit(smem + ITEM_FULL, 1);
        mbarrierInit(smem + ITEM_EMPTY, 8);
        mbarrierInitFence();
    }
    __syncthreads();
    if (threadIdx.x < 128) {
        giveRegisters<40>();
        if (threadIdx.x == 0) {
            produce(p, smem, pointer);
        }
    } else {
        takeRegisters<232>();
        consume<T, CHUNKS>(p, smem, pointer);
    }
}

}  // namespace

#define SCORE_KERNEL(NAME, TYPE, CHUNKS)                                                                       \
    extern "C" __global__ void __launch_bounds__(384, 1) NAME(const __grid_constant__ ScoreParams p) {         \
        score<TYPE, CHUNKS>(p);                                                                                \
    }

SCORE_KERNEL(antidiagonal_score__q_bf16_k_bf16__bq128_bk256__stride16__sm90a, Bf16, 1)
SCORE_KERNEL(antidiagonal_score__q_bf16_k_bf16__bq128_bk256__stride8__sm90a, Bf16, 2)
SCORE_KERNEL(antidiagonal_score__q_bf16_k_bf16__bq128_bk256__stride4__sm90a, Bf16, 4)
SCORE_KERNEL(antidiagonal_score__q_f16_k_f16__bq128_bk256__stride16__sm90a, F16, 1)
SCORE_KERNEL(antidiagonal_score__q_f16_k_f16__bq128_bk256__stride8__sm90a, F16, 2)
SCORE_KERNEL(antidiagonal_score__q_f16_k_f16__bq128_bk256__stride4__sm90a, F16, 4)
