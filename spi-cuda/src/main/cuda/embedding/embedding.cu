// out[i] = table[ids[i]]; an index outside of the table gives NaN. 256 threads, one element each.
#include "../common/elementwise.cuh"

extern "C" __global__ void __launch_bounds__(256)
embedding__cuda(const filigree::Tensor* table, const filigree::Tensor* ids, const filigree::Tensor* out) {
    using namespace filigree;
    const long long width = rowElements(*out);
    const long long total = ids->extent[0] * width;
    const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += step) {
        const long long row = i / width;
        const long long column = i % width;
        const int id = loadInt(*ids, at(*ids, row));
        const bool inside = id >= 0 && id < table->extent[0];
        store(*out, element(*out, row, column), inside ? load(*table, element(*table, id, column)) : nan32());
    }
}
