// hiddenRank = x down^T in fp32 (SVDQuant section 4.2).
//@ tensor x
//@ tensor down
//@ tensor hiddenRank
//@ uint inFeatures
#include "shared/product.glsl"

void main() {
    if (!start(P.x_N0, P.down_N0)) return;
    uint count = min(TILE, P.x_N0 - firstToken);
    for (uint i = lane(); i < P.inFeatures; i += LANES) {
        float w = down_load(down_at(output_, i, 0u));
        for (uint n = 0u; n < count; n++) sums[n] = fma(x_load(x_row(firstToken + n, i)), w, sums[n]);
    }
    for (uint n = 0u; n < count; n++) {
        float sum = groupSum(sums[n]);
        if (lane() == 0u) hiddenRank_store(hiddenRank_at(firstToken + n, output_, 0u), sum);
    }
}
