// Low-bit weights, and low-bit activations where the scheme has them (SVDQuant section 4; QServe section 4).
//@ spec CODES
//@ tensor x
//@ tensor xScales
//@ tensor weight
//@ tensor scales
//@ tensor zeros
//@ tensor channelScales
//@ tensor bias
//@ tensor y
//@ uint inFeatures
//@ uint xGroupSize
//@ uint groupSize
#include "shared/product.glsl"

void main() {
    if (!start(P.x_N0, P.weight_N0)) return;
    uint count = min(TILE, P.x_N0 - firstToken);
    for (uint i = lane(); i < P.inFeatures; i += LANES) {
        uint group = i / P.groupSize;
        float zero = zeros_DTYPE == NONE ? 0.0 : zeros_load(zeros_at(output_, group, 0u));
        float w = fma(scales_load(scales_at(output_, group, 0u)), weight_load(weight_at(output_, i, 0u)), zero);
        for (uint n = 0u; n < count; n++) {
            float v = x_load(x_row(firstToken + n, i));
            if (CODES == 1u) v *= xScales_load(xScales_at(firstToken + n, i / P.xGroupSize, 0u));
            sums[n] = fma(v, w, sums[n]);
        }
    }
    float factor = channelScales_DTYPE == NONE ? 1.0 : channelScales_load(uint64_t(output_) * P.channelScales_S0);
    float offset = bias_DTYPE == NONE ? 0.0 : bias_load(uint64_t(output_) * P.bias_S0);
    for (uint n = 0u; n < count; n++) {
        float sum = groupSum(sums[n]);
        if (lane() == 0u) y_store(y_row(firstToken + n, output_), fma(factor, sum, offset));
    }
}
