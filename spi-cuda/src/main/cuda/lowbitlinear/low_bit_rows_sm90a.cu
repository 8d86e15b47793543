// low_bit_linear of 8-bit codes with one scale per token and one per output, for many tokens (SmoothQuant section 2; QServe section
// 4.1). Integer sums over all inputs, which are exact, are scaled once. Tiles, threads, shared memory and barriers are those of
// common/matmul_sm90a.cuh.
#include "../common/tensor.cuh"
#include "low_bit_rows_sm90a.cuh"

using namespace filigree;

namespace {

/** wgmma of signed bytes. */
struct Int8 {
    using Sum = uint32_t;
    static __device__ __forceinline__ void product(uint32_t (&d)[128], uint64_t a, uint64_t b, int accumulate) {
        productInt8(d, a, b, accumulate);
    }
};

/** An element of f32, f16 or bf16. */
__device__ __forceinline__ float at(const void* values, int dtype, int i) {
    if (dtype == F32) {
        return static_cast<const float*>(values)[i];
    }
    uint32_t bits = static_cast<const uint16_t*>(values)[i];
    return dtype == BF16 ? __uint_as_float(bits << 16) : __half2float(__ushort_as_half(bits));
}

/** Factors and bias of one output. */
struct Output {
    float scale, factor, bias;

    __device__ __forceinline__ Output(const LowBitRowsParams& p, int column) : scale(0), factor(1), bias(0) {
        if (column < p.matmul.numColumns) {
            scale = at(p.wScales, p.wScaleDtype, column);
            factor = p.channelScales == nullptr ? 1.f : at(p.channelScales, p.channelScaleDtype, column);
            bias = p.bias == nullptr ? 0.f : at(p.bias, p.biasDtype, column);
        }
    }

    /** The bits of the result take the place of the sum. */
    __device__ __forceinline__ void apply(uint32_t& sum, float xScale) const {
        sum = __float_as_uint(xScale * (scale * static_cast<float>(static_cast<int>(sum))) * factor + bias);
    }
};

template <class T>
__device__ __forceinline__ void lowBitRows(const LowBitRowsParams& p) {
    bool lines = p.yDtype == T::DTYPE && p.matmul.numColumns % 8 == 0;
    matmul<Int8>(p.matmul, [&](uint32_t (&sums)[128], int row, int column) {
        float low = row < p.matmul.numRows ? at(p.xScales, p.xScaleDtype, row) : 0.f;
        float high = row + 8 < p.matmul.numRows ? at(p.xScales, p.xScaleDtype, row + 8) : 0.f;
#pragma unroll
        for (int i = 0; i < 128; i += 4) {
#pragma unroll
            for (int j = 0; j < 2; j++) {
                Output output(p, column + matmulColumn(i + j));
                output.apply(sums[i + j], low);
                output.apply(sums[i + 2 + j], high);
                // Loads of later outputs stay behind: all at once they do not fit the registers.
                asm volatile("" ::: "memory");
            }
        }
        if (lines) {
            matmulWriteLines<T>(p.matmul, sums, p.y, p.matmul.numColumns, row, column);
        } else {
            matmulWriteElements(p.matmul, sums, p.y, p.yDtype, row, column);
        }
    });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(384, 1)
low_bit_linear__x_i8_w_i8_y_bf16__bm128_bn256__sm90a(const __grid_constant__ LowBitRowsParams p) {
    lowBitRows<Bf16>(p);
}

extern "C" __global__ void __launch_bounds__(384, 1)
low_bit_linear__x_i8_w_i8_y_f16__bm128_bn256__sm90a(const __grid_constant__ LowBitRowsParams p) {
    lowBitRows<struct F16>(p);
}
