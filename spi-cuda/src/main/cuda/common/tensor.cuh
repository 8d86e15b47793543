// Tensors as kernels see them: an entry of the plan's tensor table, which a run rewrites when a binding or an extent
// changed. Launches name entries and nothing else that differs between runs, so a recorded graph replays with other
// lengths and other buffers.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cstdint>

namespace filigree {

// Ordinals of dev.filigree.api.tensor.DType.
enum DType { F32, F16, BF16, I8, U8, I4, U4, E4M3, E2M1, I32, I64 };

// Written by TensorTable.java; the two must agree.
struct Tensor {
    char* data;
    long long extent[4];
    long long stride[4];
    int dtype;
    int rank;
    int denseRows;  // all axes but the first lie side by side
    int reserved;
};

__device__ inline long long at(const Tensor& t, long long i) { return i * t.stride[0]; }

__device__ inline long long at(const Tensor& t, long long i, long long j) { return i * t.stride[0] + j * t.stride[1]; }

__device__ inline long long at(const Tensor& t, long long i, long long j, long long k) {
    return i * t.stride[0] + j * t.stride[1] + k * t.stride[2];
}

// Elements of one row: all axes but the first.
__device__ inline long long rowElements(const Tensor& t) {
    long long product = 1;
    for (int axis = 1; axis < t.rank; axis++) {
        product *= t.extent[axis];
    }
    return product;
}

// Element index of one column of a row, whatever the strides.
__device__ inline long long element(const Tensor& t, long long row, long long column) {
    long long index = row * t.stride[0];
    if (t.denseRows) {
        return index + column;
    }
    for (int axis = t.rank - 1; axis >= 1; axis--) {
        index += column % t.extent[axis] * t.stride[axis];
        column /= t.extent[axis];
    }
    return index;
}

__device__ inline int nibble(const char* data, long long e) { return (data[e >> 1] >> ((e & 1) << 2)) & 0xf; }

__device__ inline float e2m1(int code) {
    const int magnitude = code & 7;
    // 0, 0.5, then 1.m * 2^(e-1)
    const float value = magnitude < 2 ? 0.5f * magnitude : (2 + (magnitude & 1)) * 0.5f * (1 << ((magnitude >> 1) - 1));
    return code & 8 ? -value : value;
}

// The value of an e4m3 code (OCP FP8: no infinity, 0x7f and 0xff are NaN).
__device__ inline float e4m3(int code) {
    const int exponent = (code >> 3) & 0xf;
    const int mantissa = code & 7;
    float magnitude = exponent == 0 ? mantissa * 0x1p-9f : ldexpf(1 + mantissa / 8.0f, exponent - 7);
    if (exponent == 0xf && mantissa == 7) {
        magnitude = __int_as_float(0x7fc00000);
    }
    return code & 0x80 ? -magnitude : magnitude;
}

// The value of an element.
__device__ inline float load(const char* data, int dtype, long long e) {
    switch (dtype) {
        case F32: return reinterpret_cast<const float*>(data)[e];
        case F16: return __half2float(reinterpret_cast<const __half*>(data)[e]);
        case BF16: return __bfloat162float(reinterpret_cast<const __nv_bfloat16*>(data)[e]);
        case I8: return reinterpret_cast<const signed char*>(data)[e];
        case U8: return reinterpret_cast<const unsigned char*>(data)[e];
        case I4: return nibble(data, e) << 28 >> 28;
        case U4: return nibble(data, e);
        case E4M3: return e4m3(reinterpret_cast<const unsigned char*>(data)[e]);
        case E2M1: return e2m1(nibble(data, e));
        default: return reinterpret_cast<const int*>(data)[e];
    }
}

__device__ inline float load(const Tensor& t, long long e) { return load(t.data, t.dtype, e); }

__device__ inline int loadInt(const Tensor& t, long long e) { return reinterpret_cast<const int*>(t.data)[e]; }

__device__ inline void storeInt(const Tensor& t, long long e, int value) { reinterpret_cast<int*>(t.data)[e] = value; }

// f16 bits as Java's Float.floatToFloat16 gives them, NaN payloads included: the upper bits of the payload survive.
__device__ inline unsigned short f16Bits(float value) {
    if (value == value) {
        return __half_as_ushort(__float2half_rn(value));
    }
    const unsigned bits = __float_as_uint(value);
    const unsigned payload = (bits & 0x007fe000) >> 13 | (bits & 0x00001ff0) >> 4 | (bits & 0x0000000f);
    return bits >> 16 & 0x8000 | 0x7c00 | payload;
}

__device__ inline unsigned short bf16Bits(float value) {
    const unsigned bits = __float_as_uint(value);
    if (value != value) {
        return bits >> 16 | 0x40;
    }
    return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

// Rounds to a float dtype, to nearest even, and stores.
__device__ inline void store(char* data, int dtype, long long e, float value) {
    switch (dtype) {
        case F32: reinterpret_cast<float*>(data)[e] = value; break;
        case F16: reinterpret_cast<unsigned short*>(data)[e] = f16Bits(value); break;
        default: reinterpret_cast<unsigned short*>(data)[e] = bf16Bits(value); break;
    }
}

__device__ inline void store(const Tensor& t, long long e, float value) { store(t.data, t.dtype, e, value); }

// What a value becomes when it is stored in a dtype and read back.
__device__ inline float rounded(int dtype, float value) {
    switch (dtype) {
        case F16: return __half2float(__ushort_as_half(f16Bits(value)));
        case BF16: return __uint_as_float(static_cast<unsigned>(bf16Bits(value)) << 16);
        default: return value;
    }
}

}  // namespace filigree
