//@ tensor x
//@ tensor weight
//@ tensor bias
//@ tensor y
//@ uint inFeatures
#include "shared/product.glsl"

void main() {
    if (!start(P.x_N0, P.weight_N0)) return;
    uint count = min(TILE, P.x_N0 - firstToken);
    for (uint i = lane(); i < P.inFeatures; i += LANES) {
        float w = weight_load(weight_at(output_, i, 0u));
        for (uint n = 0u; n < count; n++) {
            sums[n] = fma(x_load(uint64_t(firstToken + n) * P.x_S0 + i), w, sums[n]);
        }
    }
    float offset = bias_DTYPE == NONE ? 0.0 : bias_load(uint64_t(output_) * P.bias_S0);
    for (uint n = 0u; n < count; n++) {
        float sum = groupSum(sums[n]) + offset;
        if (lane() == 0u) y_store(uint64_t(firstToken + n) * P.y_S0 + output_, sum);
    }
}
