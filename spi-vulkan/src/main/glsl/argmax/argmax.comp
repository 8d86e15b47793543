// One work group per row.
//@ tensor logits
//@ tensor tokens
#include "shared/argmax.glsl"

void main() {
    uint row = groupIndex();
    if (row >= P.logits_N0) return;
    uint best = argmaxOf(row);
    if (lane() == 0u) tokens_put(uint64_t(row) * P.tokens_S0, int(best));
}
