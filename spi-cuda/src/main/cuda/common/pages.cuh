// Cache pages: where the token of a position lies, and its key and value as stored (KvPageLayout, KvPrecision, KvAddressing).
// Arithmetic that decides bytes is fp32 with every operation rounded, so that codes are equal on all backends.
#pragma once

#include "rows.cuh"

namespace filigree {

// One by-value parameter of 64-bit words, in the order of PageArgs.java.
struct PageLayout {
    long long numHeads;
    long long pageSize;
    long long headDimQk;
    long long headDimVo;
    long long kDtype;
    long long vDtype;
    long long kMaxCode;  // 0 unless quantized
    long long vMaxCode;
    long long logicalPageSize;  // 0 without statistics
    long long kData;
    long long kScale;
    long long kZero;
    long long vData;
    long long vScale;
    long long vZero;
    long long kMax;
    long long kMin;
    long long sinkPages;
    long long ringPages;  // 0: linear addressing
};

// Keys or values of a page.
struct PageVectors {
    long long data;
    long long scale;
    long long zero;
    int pageSize;
    int headDim;
    int dtype;
    int maxCode;
};

__device__ inline PageVectors keysOf(const PageLayout& l) {
    return {l.kData, l.kScale, l.kZero, static_cast<int>(l.pageSize), static_cast<int>(l.headDimQk),
            static_cast<int>(l.kDtype), static_cast<int>(l.kMaxCode)};
}

__device__ inline PageVectors valuesOf(const PageLayout& l) {
    return {l.vData, l.vScale, l.vZero, static_cast<int>(l.pageSize), static_cast<int>(l.headDimVo),
            static_cast<int>(l.vDtype), static_cast<int>(l.vMaxCode)};
}

__device__ inline long long columnOf(const PageLayout& l, long long page) {
    return l.ringPages == 0 || page < l.sinkPages ? page : l.sinkPages + (page - l.sinkPages) % l.ringPages;
}

// The page that holds a position of a sequence of the batch.
__device__ inline char* pageOf(const Tensor& pool, const Tensor& table, const PageLayout& l, long long sequence, long long position) {
    const int id = loadInt(table, at(table, sequence, columnOf(l, position / l.pageSize)));
    return pool.data + at(pool, id);
}

__device__ inline float loadHalf(const char* page, long long region, long long index) {
    return __half2float(reinterpret_cast<const __half*>(page + region)[index]);
}

// Scale and zero of a stored vector; 1 and 0 unless quantized.
__device__ inline float2 paramsOf(const PageVectors& v, const char* page, int head, int slot) {
    if (v.maxCode == 0) {
        return {1.0f, 0.0f};
    }
    const long long index = static_cast<long long>(head) * v.pageSize + slot;
    return {loadHalf(page, v.scale, index), loadHalf(page, v.zero, index)};
}

// A channel of a stored vector: scale * (code - zero).
__device__ inline float readChannel(const PageVectors& v, const char* page, int head, int slot, int c, float2 params) {
    const long long index = (static_cast<long long>(head) * v.pageSize + slot) * v.headDim + c;
    const float stored = load(page + v.data, v.dtype, index);
    return v.maxCode == 0 ? stored : __fmul_rn(params.x, __fsub_rn(stored, params.y));
}

// f16 bits of a scale or zero; there is one NaN.
__device__ inline unsigned short paramBits(float value) { return value != value ? 0x7e00 : f16Bits(value); }

struct Quantizer {
    float scale;
    float zero;
    int constantCode;  // of every channel, or -1
};

// Scale and zero of a vector that a warp holds in shared memory (QServe section 5.1); the same for every lane.
__device__ inline Quantizer quantizer(const float* vector, int headDim, int maxCode) {
    float low = INFINITY;
    float high = -INFINITY;
    for (int c = threadIdx.x & 31; c < headDim; c += 32) {
        low = minNan(low, vector[c]);
        high = maxNan(high, vector[c]);
    }
    low = warpMinNan(low);
    high = warpMaxNan(high);
    const float step = __fdiv_rn(__fsub_rn(high, low), maxCode);
    const float scale = rounded(F16, step);
    const float zero = rounded(F16, __fdiv_rn(-low, step));
    if (scale == 0 || isinf(zero)) {
        // f16 cannot hold the spread: the vector counts as constant.
        const float value = __fmul_rn(__fadd_rn(high, low), 0.5f);
        return {value == 0 ? 1.0f : rounded(F16, fabsf(value)), value < 0 ? 1.0f : 0.0f, value > 0 ? 1 : 0};
    }
    return {scale, zero, -1};
}

__device__ inline int codeOf(const Quantizer& q, float x, int maxCode) {
    if (q.constantCode >= 0) {
        return q.constantCode;
    }
    const float code = rintf(__fadd_rn(__fdiv_rn(x, q.scale), q.zero));
    return static_cast<int>(fminf(fmaxf(code, 0.0f), maxCode));  // NaN gives 0
}

// What a channel becomes when it is stored and read back.
__device__ inline float throughStorage(const PageVectors& v, const Quantizer& q, float x) {
    return v.maxCode == 0 ? rounded(v.dtype, x) : __fmul_rn(q.scale, __fsub_rn(codeOf(q, x, v.maxCode), q.zero));
}

// Stores a vector that a warp holds in shared memory. Two 4-bit codes are one byte, written by one lane; head dims are even.
__device__ inline void writeVector(const PageVectors& v, char* page, int head, int slot, const float* vector) {
    const int lane = threadIdx.x & 31;
    const long long param = static_cast<long long>(head) * v.pageSize + slot;
    const long long first = param * v.headDim;
    if (v.maxCode == 0) {
        for (int c = lane; c < v.headDim; c += 32) {
            store(page + v.data, v.dtype, first + c, vector[c]);
        }
        return;
    }
    const Quantizer q = quantizer(vector, v.headDim, v.maxCode);
    if (v.dtype == U4) {
        for (int c = 2 * lane; c < v.headDim; c += 64) {
            const int low = codeOf(q, vector[c], v.maxCode);
            const int high = codeOf(q, vector[c + 1], v.maxCode);
            page[v.data + (first + c) / 2] = static_cast<char>(low | high << 4);
        }
    } else {
        for (int c = lane; c < v.headDim; c += 32) {
            page[v.data + first + c] = static_cast<char>(codeOf(q, vector[c], v.maxCode));
        }
    }
    if (lane == 0) {
        reinterpret_cast<unsigned short*>(page + v.scale)[param] = paramBits(q.scale);
        reinterpret_cast<unsigned short*>(page + v.zero)[param] = paramBits(q.zero);
    }
}

// The smallest f16 that is not below the value.
__device__ inline float roundUpToHalf(float value) {
    const unsigned short nearest = f16Bits(value);
    const float rounded = __half2float(__ushort_as_half(nearest));
    if (!(rounded < value)) {
        return rounded;
    }
    // The next f16 up: away from 0 above it, towards 0 below it.
    return __half2float(__ushort_as_half(nearest & 0x8000 ? nearest - 1 : nearest + 1));
}

// Statistics of one logical page from the slots [firstSlot, endSlot) of a page, for the channels of a warp's lanes; widens
// what stands there unless the first slot is the first of the logical page (LServe section 3.4.2; Quest section 3.2).
__device__ inline void updateBounds(const PageLayout& l, char* page, int head, int firstSlot, int endSlot) {
    const PageVectors keys = keysOf(l);
    const int logicalPage = firstSlot / static_cast<int>(l.logicalPageSize);
    const bool fresh = firstSlot % l.logicalPageSize == 0;
    unsigned short* maxima = reinterpret_cast<unsigned short*>(page + l.kMax);
    unsigned short* minima = reinterpret_cast<unsigned short*>(page + l.kMin);
    for (int c = threadIdx.x & 31; c < keys.headDim; c += 32) {
        const long long index = (static_cast<long long>(logicalPage) * l.numHeads + head) * keys.headDim + c;
        float high = fresh ? -INFINITY : __half2float(__ushort_as_half(maxima[index]));
        float low = fresh ? INFINITY : __half2float(__ushort_as_half(minima[index]));
        for (int slot = firstSlot; slot < endSlot; slot++) {
            const float key = readChannel(keys, page, head, slot, c, paramsOf(keys, page, head, slot));
            high = maxNan(high, roundUpToHalf(key));
            low = minNan(low, -roundUpToHalf(-key));
        }
        maxima[index] = paramBits(high);
        minima[index] = paramBits(low);
    }
}

// Copies bytes with all threads of a block, 16 at a time where both ends are aligned.
__device__ inline void copyBytes(const char* from, char* to, long long size) {
    const bool wide = ((reinterpret_cast<uintptr_t>(from) | reinterpret_cast<uintptr_t>(to)) & 15) == 0;
    const long long numWide = wide ? size / 16 : 0;
    for (long long i = threadIdx.x; i < numWide; i += blockDim.x) {
        reinterpret_cast<int4*>(to)[i] = reinterpret_cast<const int4*>(from)[i];
    }
    for (long long i = numWide * 16 + threadIdx.x; i < size; i += blockDim.x) {
        to[i] = from[i];
    }
}

}  // namespace filigree
