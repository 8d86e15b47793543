// Merges the parts that the split left of a row and head (FlashInfer section 2.2): one work group for each; maxima in units of log 2.
//@ spec SPLITS
//@ tensor out
//@ tensor lse
//@ address parts
#include "shared/heads.glsl"

void main() {
    uint heads = P.numServed * P.groupSize, t = groupIndex() / heads, i = groupIndex() % heads;
    if (t >= P.out_N0) return;
    uint64_t width = 4 * uint64_t(P.out_N2 + 2u), from = P.parts + (uint64_t(t) * heads + i) * SPLITS * width;
    uint64_t last = 4 * uint64_t(P.out_N2);
    float top = -3.4028234e38, sum = 0.0;
    for (uint n = 0u; n < SPLITS; n++) top = max(top, Real(from + n * width + last + 4).v);
    for (uint n = 0u; n < SPLITS; n++) {
        sum = fma(exp2(Real(from + n * width + last + 4).v - top), Real(from + n * width + last).v, sum);
    }
    uint h = qoHead(i);
    for (uint c = lane(); c < P.out_N2; c += LANES) {
        float v = 0.0;
        for (uint n = 0u; n < SPLITS; n++) {
            v = fma(exp2(Real(from + n * width + last + 4).v - top), Real(from + n * width + 4 * uint64_t(c)).v, v);
        }
        out_store(out_at(t, h, c), isNan(sum) ? NOT_A_NUMBER : sum == 0.0 ? 0.0 : v / sum);
    }
    if (lane() == 0u) {
        lse_store(lse_at(t, h, 0u), isNan(sum) ? NOT_A_NUMBER : sum == 0.0 ? -INFINITY : top * 0.693147181 + float(log64(double(sum))));
    }
}
