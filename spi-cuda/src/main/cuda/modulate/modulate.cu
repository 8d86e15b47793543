// out = residual + x * (offset + scale[s]) + shift[s], one row of scale and shift per sequence (Peebles and Xie 2023, section 3.2).
// 256 threads, one element each, no shared memory.
#include "../common/elementwise.cuh"

extern "C" __global__ void __launch_bounds__(256)
modulate__cuda(const filigree::Tensor* x, const filigree::Tensor* qOffsets, const filigree::Tensor* scale, const filigree::Tensor* shift,
               const filigree::Tensor* residual, const filigree::Tensor* out, float offset) {
    using namespace filigree;
    forEachElement(*x, [&](long long row, long long column) {
        const int sequence = sequenceOf(*qOffsets, static_cast<int>(row));
        const float factor = offset + (scale ? load(*scale, element(*scale, sequence, column)) : 0.0f);
        const float base = residual ? load(*residual, element(*residual, row, column)) : 0.0f;
        const float move = shift ? load(*shift, element(*shift, sequence, column)) : 0.0f;
        store(*out, element(*out, row, column), base + load(*x, element(*x, row, column)) * factor + move);
    });
}
