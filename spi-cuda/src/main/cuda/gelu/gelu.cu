// GELU (Hendrycks and Gimpel 2016, section 2): x/2 erfc(-x / sqrt 2), or the tanh form. 256 threads, one element each.
#include "../common/elementwise.cuh"

extern "C" __global__ void __launch_bounds__(256)
gelu__cuda(const filigree::Tensor* x, const filigree::Tensor* out, int tanhForm) {
    using namespace filigree;
    forEachElement(*x, [&](long long row, long long column) {
        const float v = load(*x, element(*x, row, column));
        float y;
        if (tanhForm) {
            // 1 + tanh(z) = 2 / (1 + exp(-2z)), which keeps its digits where tanh is close to -1.
            const float z = 0.797884560802865f * (v + 0.044715f * v * v * v);
            y = v / (1.0f + expf(-2.0f * z));
        } else {
            // 1 + erf(z) = erfc(-z), for the same reason.
            y = v * 0.5f * erfcf(-v * 0.707106781186547f);
        }
        store(*out, element(*out, row, column), y);
    });
}
