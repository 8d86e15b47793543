// Pages of 4- and 8-bit codes for paged_decode_codes: where codes lie in a tile, how tiles are fetched, and the queries beside them.
#pragma once
#include "paged_decode.cuh"

#include <type_traits>

namespace {

constexpr int STAGES = 2;
constexpr float UNIT = 0x1p24f;  // a product's result times this is in codes

/** The codes of a token, of which a line of 128 bytes may hold several; a lane row's tokens begin a line of their own. */
template <int BITS, int HD>
struct Row {
    static constexpr int BYTES = HD * BITS / 8;
    static constexpr int PER_LINE = 128 / BYTES;
    static constexpr int CHUNKS = BYTES / 16;

    /** Bytes from a lane row's first line to that of its token i. */
    static __host__ __device__ constexpr int line(int i) {
        return i / PER_LINE * 128;
    }

    /** Bytes in that line before the token. */
    static __host__ __device__ constexpr int place(int i) {
        return i % PER_LINE * BYTES;
    }
};

/** Where things lie in a tile of BK tokens with KBITS-bit keys and VBITS-bit values. */
template <int KBITS, int VBITS, int HD, int BK>
struct Tile {
    static constexpr int K_ROW = HD * KBITS / 8;
    static constexpr int V_ROW = HD * VBITS / 8;
    static constexpr int K_BYTES = BK * K_ROW;
    static constexpr int V_BYTES = BK * V_ROW;
    static constexpr int PARAMS = K_BYTES + V_BYTES;  // key scales, key zeros, value scales, value zeros
    static constexpr int BYTES = PARAMS + 4 * BK * 2;
};

/** What lane row r exchanges the 16-byte chunks of its lines with. Neighbours differ in bit 2: their 64-byte halves never meet. */
__device__ __forceinline__ int turn(int r) {
    return (r & 1) << 2 | r >> 1;
}

/** N words of shared memory: 1, 2 or 4. */
template <int N>
__device__ __forceinline__ void loadWords(uint32_t* words, uint32_t address) {
    if constexpr (N == 4) {
        asm volatile("ld.shared.v4.u32 {%0,%1,%2,%3}, [%4];"
                     : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                     : "r"(address));
    } else if constexpr (N == 2) {
        asm volatile("ld.shared.v2.u32 {%0,%1}, [%2];" : "=r"(words[0]), "=r"(words[1]) : "r"(address));
    } else {
        asm volatile("ld.shared.u32 %0, [%1];" : "=r"(words[0]) : "r"(address));
    }
}

__device__ __forceinline__ float2 halves(uint32_t packed) {
    return __half22float2(*reinterpret_cast<__half2*>(&packed));
}

/** Queries of up to 8 heads as columns of the first product; sum: of heads 2 c and 2 c + 1, in the product's unit. */
template <int HD>
struct Queries {
    uint32_t b[HD / 16][2];
    float sum[2];
    float unit;  // a score in the product's unit times this is in q
};

template <class T>
__device__ __forceinline__ float widen(uint32_t pair, int i) {
    if constexpr (std::is_same_v<T, Bf16>) {
        return __uint_as_float(i == 0 ? pair << 16 : pair & 0xffff0000);
    } else {
        float2 v = halves(pair);
        return i == 0 ? v.x : v.y;
    }
}

template <class T, int KBITS, int HD>
__device__ __forceinline__ Queries<HD> loadQueries(const DecodeParams& p, const DecodeGroup& group, int token) {
    int lane = threadIdx.x & 31;
    int r = lane / 4;
    int c = lane & 3;
    uint32_t words[HD / 8] = {};
    if (r < p.groupSize) {
        const uint4* row = static_cast<const uint4*>(p.q) + (static_cast<long>(token) * p.numQoHeads + group.firstQoHead + r) * (HD / 8);
#pragma unroll
        for (int i = 0; i < HD / 32; i++) {
            // The channels whose keys the lane loads: side by side, or of 8 bits 16 of every 64.
            uint4 v = row[KBITS == 4 ? HD / 32 * c + i : 8 * (i / 2) + 2 * c + i % 2];
            words[4 * i] = v.x, words[4 * i + 1] = v.y, words[4 * i + 2] = v.z, words[4 * i + 3] = v.w;
        }
    }
    float largest = 0.f;
#pragma unroll
    for (int i = 0; i < HD / 8; i++) {
        largest = fmaxf(largest, fmaxf(fabsf(widen<T>(words[i], 0)), fabsf(widen<T>(words[i], 1))));
    }
    int exponent = static_cast<int>(__reduce_max_sync(~0u, __float_as_uint(largest)) >> 23) - 127;
    int shift = max(-90, min(90, 14 - exponent));
    float power = __uint_as_float(static_cast<uint32_t>(127 + shift) << 23);
    auto at = [&](int i) { return widen<T>(words[i / 2], i % 2) * power; };
    Queries<HD> q;
    float sum = 0.f;
#pragma unroll
    for (int i = 0; i < HD / 16; i++) {
        if constexpr (KBITS == 4) {
            int first = 8 * (i / 2) + 2 * (i % 2);
            q.b[i][0] = F16::pack(at(first), at(first + 4));
            q.b[i][1] = F16::pack(at(first + 1) * 0.0625f, at(first + 5) * 0.0625f);
        } else {
            q.b[i][0] = F16::pack(at(4 * i), at(4 * i + 2));
            q.b[i][1] = F16::pack(at(4 * i + 1), at(4 * i + 3));
        }
        float2 even = halves(q.b[i][0]);
        float2 odd = halves(q.b[i][1]);
        sum += even.x + even.y + (odd.x + odd.y) * (KBITS == 4 ? 16.f : 1.f);
    }
    sum += __shfl_xor_sync(~0u, sum, 1);
    sum += __shfl_xor_sync(~0u, sum, 2);
    sum *= 1.f / UNIT;
    q.sum[0] = __shfl_sync(~0u, sum, 8 * c);
    q.sum[1] = __shfl_sync(~0u, sum, 8 * c + 4);
    q.unit = UNIT / power;
    return q;
}

struct TilePosition {
    int page, tile;
    __device__ __forceinline__ TilePosition(int index, int tilesPerPage) : page(index / tilesPerPage), tile(index % tilesPerPage) {}
    __device__ __forceinline__ void next(int tilesPerPage) {
        tile += WARPS;
        while (tile >= tilesPerPage) {
            tile -= tilesPerPage;
            page++;
        }
    }
};

/** 16-byte asynchronous copies of one tile by a warp. */
template <int KBITS, int VBITS, int HD, int BK>
__device__ __forceinline__ void fetchTile(const DecodeParams& p, const unsigned char* page, long vector, uint32_t to) {
    using L = Tile<KBITS, VBITS, HD, BK>;
    int lane = threadIdx.x & 31;
    auto copy = [](uint32_t to, const unsigned char* from) {
        asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
    };
    auto codes = [&](uint32_t to, const unsigned char* from, auto bytes) {
        constexpr int ROW_CHUNKS = decltype(bytes)::value / 16 / 8;  // chunks of one lane row
#pragma unroll
        for (int i = 0; i < (decltype(bytes)::value + 511) / 512; i++) {
            int n = i * 32 + lane;
            if (decltype(bytes)::value >= 512 * (i + 1) || n < decltype(bytes)::value / 16) {
                copy(to + n / 8 * 128 + ((n & 7) ^ turn(n / ROW_CHUNKS)) * 16, from + n * 16);
            }
        }
    };
    codes(to, page + vector * L::K_ROW, std::integral_constant<int, L::K_BYTES>{});
    codes(to + L::K_BYTES, page + p.vDataOffset + vector * L::V_ROW, std::integral_constant<int, L::V_BYTES>{});
    constexpr int CHUNKS = BK / 8;  // of each kind of parameter
    if (lane < 4 * CHUNKS) {
        int kind = lane / CHUNKS;
        long offset = kind < 2 ? (kind == 0 ? p.kScaleOffset : p.kZeroOffset) : (kind == 2 ? p.vScaleOffset : p.vZeroOffset);
        copy(to + L::PARAMS + lane * 16, page + offset + vector * 2 + lane % CHUNKS * 16);
    }
}

}  // namespace
