//@ tensor q
//@ tensor k
//@ tensor v
//@ tensor qOffsets
//@ tensor kvOffsets
//@ tensor out
//@ tensor lse
//@ float scale
#include "shared/heads.glsl"
#include "shared/softmax.glsl"

// Adds the keys first + lane() of the tile that are seen; rows of k and v.
void tile(uint firstRow, uint count, uint slot, bool sees) {
    float score = 0.0;
    if (sees) {
        uint64_t e = k_at(firstRow + lane(), slot, 0u);
        for (uint c = 0u; c < P.q_N2; c++) score = fma(query[c], k_load(e + c), score);
        score *= P.scale;
    }
    weigh(score, sees);
    for (uint n = 0u; n < count; n++) {
        if (seen[n] == 0u) continue;
        uint64_t e = v_at(firstRow + n, slot, 0u);
        for (uint c = lane(); c < P.out_N2; c += LANES) acc[c] = fma(weights[n], v_load(e + c), acc[c]);
    }
    barrier();
}
