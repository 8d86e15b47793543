// out = gate * sigmoid(gate) * up (Shazeer 2020, section 2). 256 threads, one element each, no shared memory.
#include "../common/elementwise.cuh"

extern "C" __global__ void __launch_bounds__(256)
swi_glu__cuda(const filigree::Tensor* gate, const filigree::Tensor* up, const filigree::Tensor* out) {
    using namespace filigree;
    forEachElement(*gate, [&](long long row, long long column) {
        const float g = load(*gate, element(*gate, row, column));
        const float u = load(*up, element(*up, row, column));
        store(*out, element(*out, row, column), g / (1.0f + expf(-g)) * u);
    });
}
