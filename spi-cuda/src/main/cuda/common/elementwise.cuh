// One thread per element of a packed batch, striding over the grid: f(row, column) for every element of a row-major shape.
#pragma once

#include "rows.cuh"

namespace filigree {

template <typename F>
__device__ inline void forEachElement(const Tensor& shape, F f) {
    const long long width = rowElements(shape);
    const long long total = shape.extent[0] * width;
    const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += step) {
        f(i / width, i % width);
    }
}

}  // namespace filigree
