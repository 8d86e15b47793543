// Quantizes activations per token and group (SVDQuant section 4.1; QServe section 4.1). fp32, every operation rounded, so that
// codes are equal on all backends. A warp takes one group of one token and reads it twice; two 4-bit codes are one byte, and
// groups of 4-bit codes are even. A second launch adds the row sums, group by group in order. 256 threads.
#include "../common/rows.cuh"

namespace filigree {

struct Activations {
    Tensor x;
    const Tensor* smooth;
    float shift;

    __device__ float operator()(long long t, long long c) const {
        const float shifted = __fadd_rn(load(x, element(x, t, c)), shift);
        return smooth == nullptr ? shifted : __fdiv_rn(shifted, load(*smooth, at(*smooth, c)));
    }
};

// The nearest e2m1 code, ties to the even one; magnitudes above 6 saturate.
__device__ inline int e2m1Code(float value) {
    const float magnitude = fabsf(value);
    int code = 0;
    while (code < 7) {
        const float middle = (e2m1(code) + e2m1(code + 1)) * 0.5f;
        if (code & 1 ? magnitude < middle : magnitude <= middle) {
            break;
        }
        code++;
    }
    return (__float_as_uint(value) >> 31) << 3 | code;
}

// The nearest e4m3 code; magnitudes above 448 saturate, NaN stays NaN (Codes.floatToE4m3).
__device__ inline int e4m3Code(float value) {
    const int sign = (__float_as_uint(value) >> 31) << 7;
    const float magnitude = fabsf(value);
    if (value != value) {
        return sign | 0x7f;
    }
    if (magnitude >= 448.0f) {
        return sign | 0x7e;
    }
    const int exponent = max(static_cast<int>(__float_as_uint(magnitude) >> 23) - 127, -6);
    const int steps = static_cast<int>(rint(ldexp(static_cast<double>(magnitude), 3 - exponent)));
    return sign | (steps + ((exponent + 6) << 3));
}

__device__ inline int codeOf(float value, int dtype, int maxMagnitude) {
    if (dtype == E2M1) {
        return e2m1Code(value);
    }
    const float low = dtype == U4 ? 0 : -maxMagnitude;
    return static_cast<int>(fminf(fmaxf(rintf(value), low), maxMagnitude));
}

// Stores a scale and returns what it reads back as.
__device__ inline float storeScale(const Tensor& scales, long long e, float scale) {
    if (scales.dtype == E4M3) {
        scales.data[e] = static_cast<char>(e4m3Code(scale));
    } else {
        store(scales, e, scale);
    }
    return load(scales, e);
}

__device__ inline float valueOf(int code, int dtype) { return dtype == E2M1 ? e2m1(code) : code; }

}  // namespace filigree

extern "C" __global__ void __launch_bounds__(256)
activation_quantize__cuda(const filigree::Tensor* xs, const filigree::Tensor* smooth, const filigree::Tensor* codesTensor,
                          const filigree::Tensor* scalesTensor, double* groupSums, float shift, int groupSize, int maxMagnitude) {
    using namespace filigree;
    const Activations activations{*xs, smooth, shift};
    const Tensor codes = *codesTensor;
    const Tensor scales = *scalesTensor;
    const int lane = threadIdx.x & 31;
    const long long width = rowElements(activations.x);
    const long long size = groupSize == 0 ? width : groupSize;
    const long long groups = groupSize == 0 ? 1 : (width + size - 1) / size;
    const long long step = static_cast<long long>(gridDim.x) * (blockDim.x >> 5);
    for (long long n = static_cast<long long>(blockIdx.x) * (blockDim.x >> 5) + (threadIdx.x >> 5); n < activations.x.extent[0] * groups; n += step) {
        const long long t = n / groups;
        const long long g = n % groups;
        const long long start = g * size;
        const long long end = min(width, start + size);
        float absMax = 0;
        for (long long c = start + lane; c < end; c += 32) {
            absMax = maxNan(absMax, fabsf(activations(t, c)));
        }
        absMax = warpMaxNan(absMax);
        const bool finite = isfinite(absMax);
        const long long scaleElement = at(scales, t) + g;
        float scale = 0;
        if (lane == 0) {
            scale = storeScale(scales, scaleElement, finite ? __fdiv_rn(absMax, maxMagnitude) : nan32());
            if (scale == 0) {
                scale = storeScale(scales, scaleElement, 1);
            }
        }
        scale = __shfl_sync(ALL_LANES, scale, 0);
        double sum = 0;
        const long long row = at(codes, t);
        if (codes.dtype == I8) {
            for (long long c = start + lane; c < end; c += 32) {
                const int code = finite ? codeOf(__fdiv_rn(activations(t, c), scale), I8, maxMagnitude) : 0;
                codes.data[row + c] = static_cast<char>(code);
                sum += static_cast<double>(code) * scale;
            }
        } else {
            for (long long c = start + 2 * lane; c < end; c += 64) {
                const int low = finite ? codeOf(__fdiv_rn(activations(t, c), scale), codes.dtype, maxMagnitude) : 0;
                const bool pair = c + 1 < end;
                const int high = finite && pair ? codeOf(__fdiv_rn(activations(t, c + 1), scale), codes.dtype, maxMagnitude) : 0;
                char* byte = codes.data + ((row + c) >> 1);
                *byte = static_cast<char>((low & 15) | (pair ? (high & 15) << 4 : *byte & 0xf0));
                sum += static_cast<double>(valueOf(low, codes.dtype)) * scale;
                sum += static_cast<double>(valueOf(high, codes.dtype)) * scale;
            }
        }
        sum = warpSum(sum);
        if (groupSums != nullptr && lane == 0) {
            groupSums[n] = sum;
        }
    }
}

extern "C" __global__ void __launch_bounds__(256)
activation_quantize__sums__cuda(const filigree::Tensor* xs, const double* groupSums, const filigree::Tensor* sums, int groupSize) {
    using namespace filigree;
    const long long width = rowElements(*xs);
    const long long groups = groupSize == 0 ? 1 : (width + groupSize - 1) / groupSize;
    const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long t = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; t < xs->extent[0]; t += step) {
        double sum = 0;
        for (long long g = 0; g < groups; g++) {
            sum += groupSums[t * groups + g];
        }
        store(*sums, at(*sums, t), static_cast<float>(sum));
    }
}
