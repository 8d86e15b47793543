// Exact attention of a tile of query rows over whichever keys they see, for any head dims, dtypes, masks and key lists: the
// general path of all four attention ops (Dao et al. 2022, algorithm 1, without tensor cores).
//
// A block of 128 threads holds 16 rows: neighbouring queries times the query heads that share their keys, so a group reads
// each key once. Keys come in tiles of 32. Thread (r, g) = (tid / 8, tid % 8) has the scores of row r with keys g + 8i and the
// output channels 4g + 32i; the 8 threads of a row agree on its maximum and sum by shuffles. Scores, softmax and sums are
// fp32. Channels beyond 128 go in chunks: of queries and keys inside of a score, of values by walking the keys again.
#pragma once

#include "pages.cuh"

namespace filigree {

constexpr int TILE_ROWS = 16;
constexpr int TILE_KEYS = 32;
constexpr int CHUNK = 128;
constexpr int CHUNK_STRIDE = CHUNK + 4;  // rows four banks apart: 16-byte reads of eight rows meet no bank twice
constexpr int ATTENTION_THREADS = 128;

// Bare neighbours of one stored vector.
struct VectorRef {
    const char* data;
    long long first;
    int dtype;
    float scale;
    float zero;

    __device__ float operator()(int c) const {
        const float stored = load(data, dtype, first + c);
        return scale == 1.0f && zero == 0.0f ? stored : __fmul_rn(scale, __fsub_rn(stored, zero));
    }
};

// Keys and values in [numKvTokens, numKvSlots, headDim] tensors.
struct Contiguous {
    const Tensor* k;
    const Tensor* v;
    int firstRow;
    int slot;

    __device__ VectorRef key(int j) const { return {k->data, at(*k, firstRow + j, slot), k->dtype, 1, 0}; }
    __device__ VectorRef value(int j) const { return {v->data, at(*v, firstRow + j, slot), v->dtype, 1, 0}; }
};

// Keys and values in cache pages; key j is the token at position j.
struct Paged {
    const Tensor* pool;
    const Tensor* table;
    const PageLayout* layout;
    int sequence;
    int place;

    __device__ VectorRef vector(const PageVectors& v, int j) const {
        const char* page = pageOf(*pool, *table, *layout, sequence, j);
        const int slot = static_cast<int>(j % layout->pageSize);
        const float2 params = paramsOf(v, page, place, slot);
        return {page + v.data, (static_cast<long long>(place) * v.pageSize + slot) * v.headDim, v.dtype, params.x, params.y};
    }
    __device__ VectorRef key(int j) const { return vector(keysOf(*layout), j); }
    __device__ VectorRef value(int j) const { return vector(valuesOf(*layout), j); }
};

// Candidate keys of a tile: [0, first) and then [second, ...), or the keys of listed blocks. Which row sees which of them is
// the mask's business.
struct KeySpan {
    int total;
    int first;
    int second;
    const int* list;
    int blockSize;

    __device__ int operator()(int n) const {
        if (list != nullptr) {
            return list[n / blockSize] * blockSize + n % blockSize;
        }
        return n < first ? n : n - first + second;
    }
};

__device__ inline KeySpan spanOf(int numKeys) { return {max(numKeys, 0), max(numKeys, 0), 0, nullptr, 1}; }

// Sink keys [0, sinkEnd) and recent ones [recentBegin, end), which may overlap.
__device__ inline KeySpan spanOf(int sinkEnd, int recentBegin, int end) {
    if (recentBegin <= sinkEnd) {
        return spanOf(end);
    }
    return {sinkEnd + max(end - recentBegin, 0), sinkEnd, recentBegin, nullptr, 1};
}

__device__ inline KeySpan spanOf(const int* list, int count, int blockSize) { return {count * blockSize, 0, 0, list, blockSize}; }

// What a row at a position sees of the keys that exist.
struct Mask {
    int causal;
    int sink;
    int recent;  // 0: no window
    int numKeys;
    const Tensor* kvPositions;  // positions of keys; null: their indices
    int firstRow;

    __device__ int positionOf(int j) const {
        return j >= numKeys ? -1 : kvPositions == nullptr ? j : loadInt(*kvPositions, at(*kvPositions, firstRow + j));
    }
    __device__ bool sees(int position, int key) const {
        return key >= 0 && (!causal || key <= position) && (recent == 0 || key < sink || key > position - recent);
    }
};

// The rows of a tile: row f is query f / headsPerRow, head firstHead + f % headsPerRow.
struct TileRows {
    int firstToken;     // of the sequence
    int firstFlat;      // of the tile
    int numFlat;        // of the sequence
    int headsPerRow;
    int firstHead;
    int offset;         // position of query 0 where positions are not given
    const Tensor* qPositions;

    __device__ bool exists(int r) const { return firstFlat + r < numFlat; }
    __device__ int token(int r) const { return firstToken + (firstFlat + r) / headsPerRow; }
    __device__ int head(int r) const { return firstHead + (firstFlat + r) % headsPerRow; }
    __device__ int position(int r) const {
        const int t = token(r);
        return qPositions == nullptr ? t - firstToken + offset : loadInt(*qPositions, at(*qPositions, t));
    }
    __device__ int lastRow() const { return min(TILE_ROWS, numFlat - firstFlat) - 1; }
};

// Where a tile's result goes: the op's tensors, or one part of a split in fp32 scratch.
struct Output {
    const Tensor* out;
    const Tensor* lse;
    float* parts;  // null: no split; else [numSplits][numTokens * numQoHeads][headDimVo + 1]
    int split;
    int numSplits;
    long long numRows;

    __device__ void write(int t, int h, int c, float value) const {
        if (parts == nullptr) {
            store(*out, at(*out, t, h, c), value);
        } else {
            part(t, h)[c] = value;
        }
    }
    __device__ void writeLse(int t, int h, float value) const {
        if (parts == nullptr) {
            store(*lse, at(*lse, t, h), value);
        } else {
            part(t, h)[out->extent[2]] = value;
        }
    }
    __device__ float* part(int t, int h) const {
        return parts + (split * numRows + t * out->extent[1] + h) * (out->extent[2] + 1);
    }
};

struct AttentionShared {
    float q[TILE_ROWS][CHUNK_STRIDE];
    float k[TILE_KEYS][CHUNK_STRIDE];
    float v[TILE_KEYS][CHUNK];
    float p[TILE_ROWS][TILE_KEYS + 1];
    int keys[TILE_KEYS];
    int positions[TILE_KEYS];
};

// Loads `count` vectors into rows of shared memory, a warp per vector, zeros where there is none.
template <int STRIDE, typename Source>
__device__ inline void loadRows(float (*rows)[STRIDE], int count, int width, Source source) {
    const int lane = threadIdx.x & 31;
    for (int r = threadIdx.x >> 5; r < count; r += ATTENTION_THREADS / 32) {
        VectorRef vector;
        const bool there = source(r, vector);
        for (int c = lane; c < CHUNK; c += 32) {
            rows[r][c] = there && c < width ? vector(c) : 0;
        }
    }
}

__device__ inline float rowMax(float value) {
    for (int step = 4; step > 0; step >>= 1) {
        value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, step));
    }
    return value;
}

__device__ inline float rowSum(float value) {
    for (int step = 4; step > 0; step >>= 1) {
        value += __shfl_xor_sync(ALL_LANES, value, step);
    }
    return value;
}

// Products of the tile's rows with its 32 keys, chunk by chunk of channels. The barriers keep a chunk from being overwritten
// while a slower warp still multiplies.
template <typename Kv>
__device__ inline void scoreTile(AttentionShared& sh, const Tensor& q, const TileRows& rows, const Kv& kv, bool loadQ, float (&s)[4]) {
    const int r = threadIdx.x >> 3;
    const int g = threadIdx.x & 7;
    const int headDim = static_cast<int>(q.extent[2]);
    for (int start = 0; start < headDim; start += CHUNK) {
        const int width = min(CHUNK, headDim - start);
        if (start > 0) {
            __syncthreads();
        }
        if (loadQ || headDim > CHUNK) {
            loadRows(sh.q, TILE_ROWS, width, [&](int row, VectorRef& vector) {
                if (!rows.exists(row)) {
                    return false;
                }
                vector = {q.data, at(q, rows.token(row), rows.head(row)) + start, q.dtype, 1, 0};
                return true;
            });
        }
        loadRows(sh.k, TILE_KEYS, width, [&](int n, VectorRef& vector) {
            if (sh.positions[n] < 0) {
                return false;
            }
            vector = kv.key(sh.keys[n]);
            vector.first += start;
            return true;
        });
        __syncthreads();
        for (int c = 0; c < width; c += 4) {
            const float4 a = *reinterpret_cast<const float4*>(&sh.q[r][c]);
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const float4 b = *reinterpret_cast<const float4*>(&sh.k[g + 8 * i][c]);
                s[i] += a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
            }
        }
    }
}

// Attention of one tile.
template <typename Kv>
__device__ inline void attendTile(AttentionShared& sh, const Tensor& q, const TileRows& rows, const KeySpan& keys, const Kv& kv,
                                  const Mask& mask, float scale, const Output& output) {
    const int r = threadIdx.x >> 3;
    const int g = threadIdx.x & 7;
    const bool exists = rows.exists(r);
    const int position = exists ? rows.position(r) : 0;
    const int headDimVo = static_cast<int>(output.out->extent[2]);
    const int perSplit = ceilDiv(ceilDiv(keys.total, TILE_KEYS), output.numSplits) * TILE_KEYS;
    const int begin = output.split * perSplit;
    const int end = min(keys.total, begin + perSplit);
    for (int startV = 0; startV < headDimVo; startV += CHUNK) {
        const int widthV = min(CHUNK, headDimVo - startV);
        float max = -INFINITY;
        float sum = 0;
        float acc[16] = {};
        for (int first = begin; first < end; first += TILE_KEYS) {
            __syncthreads();  // the tile before has been multiplied
            if (threadIdx.x < TILE_KEYS) {
                const bool there = first + threadIdx.x < end;
                const int j = there ? keys(first + threadIdx.x) : 0;
                sh.keys[threadIdx.x] = j;
                sh.positions[threadIdx.x] = there ? mask.positionOf(j) : -1;
            }
            __syncthreads();
            float s[4] = {};
            scoreTile(sh, q, rows, kv, first == begin, s);
            bool seen[4];
            float tileMax = -INFINITY;
#pragma unroll
            for (int i = 0; i < 4; i++) {
                seen[i] = exists && mask.sees(position, sh.positions[g + 8 * i]);
                s[i] *= scale;
                tileMax = seen[i] ? fmaxf(tileMax, s[i]) : tileMax;  // NaN is not a maximum; it comes in with its weight
            }
            const float newMax = fmaxf(max, rowMax(tileMax));
            const float kept = newMax == -INFINITY ? 1.0f : expf(max - newMax);
            float tileSum = 0;
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const float weight = newMax == -INFINITY ? (s[i] == -INFINITY ? 0.0f : s[i]) : expf(s[i] - newMax);
                tileSum += seen[i] ? weight : 0;
                sh.p[r][g + 8 * i] = seen[i] ? weight : -1;  // below 0: not seen, so that 0 * NaN does not arise
            }
            sum = sum * kept + rowSum(tileSum);
            max = newMax;
#pragma unroll
            for (int i = 0; i < 16; i++) {
                acc[i] *= kept;
            }
            loadRows(sh.v, TILE_KEYS, widthV, [&](int n, VectorRef& vector) {
                if (sh.positions[n] < 0) {
                    return false;
                }
                vector = kv.value(sh.keys[n]);
                vector.first += startV;
                return true;
            });
            __syncthreads();  // weights and values are complete
            for (int n = 0; n < TILE_KEYS; n++) {
                const float weight = sh.p[r][n];
                if (weight < 0) {
                    continue;
                }
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    const float4 value = *reinterpret_cast<const float4*>(&sh.v[n][4 * g + 32 * i]);
                    acc[4 * i] += weight * value.x;
                    acc[4 * i + 1] += weight * value.y;
                    acc[4 * i + 2] += weight * value.z;
                    acc[4 * i + 3] += weight * value.w;
                }
            }
        }
        if (!exists) {
            continue;
        }
        const int t = rows.token(r);
        const int h = rows.head(r);
#pragma unroll
        for (int i = 0; i < 16; i++) {
            const int c = 4 * g + 32 * (i >> 2) + (i & 3);
            if (c < widthV) {
                output.write(t, h, startV + c, sum == 0 ? 0 : acc[i] / sum);
            }
        }
        if (g == 0 && startV == 0) {
            output.writeLse(t, h, sum == 0 ? -INFINITY : max + logf(sum));
        }
    }
    __syncthreads();  // shared memory is free for the next tile
}

// Finds the tile of an index over all sequences of a batch, the last tiles of a sequence first since they see most; false
// past the end. Sequences are few, so a walk is cheap.
__device__ inline bool findTile(const Tensor& qOffsets, int headsPerRow, long long index, int& sequence, int& tile) {
    const int numSeqs = static_cast<int>(qOffsets.extent[0]) - 1;
    int begin = loadInt(qOffsets, 0);
    for (int s = 0; s < numSeqs; s++) {
        const int end = loadInt(qOffsets, at(qOffsets, s + 1));
        const int tiles = ceilDiv((end - begin) * headsPerRow, TILE_ROWS);
        if (index < tiles) {
            sequence = s;
            tile = tiles - 1 - static_cast<int>(index);
            return true;
        }
        index -= tiles;
        begin = end;
    }
    return false;
}

}  // namespace filigree
