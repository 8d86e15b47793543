// The lowest index of the largest logit of a row, NaN above all.
uint argmaxOf(uint row) {
    uint best = 0u;
    for (uint i = lane(); i < P.logits_N1; i += LANES) best = max(best, rising(logits_load(logits_at(row, i, 0u))));
    best = groupMaxUint(best);
    uint at = 0u;
    for (uint i = lane(); i < P.logits_N1; i += LANES) {
        if (rising(logits_load(logits_at(row, i, 0u))) == best) at = max(at, 0xffffffffu - i);
    }
    return 0xffffffffu - groupMaxUint(at);
}
