// Merges states over disjoint keys (FlashInfer section 2.2): one work group per row and head. Every lane reads all
// lses before the barrier, since lse may be one of them.
//@ tensors outs
//@ tensors lses
//@ tensor out
//@ tensor lse

float lsePart(uint i, uint t, uint h) {
    Tensor x = Tensor(P.lses + uint64_t(i) * 48);
    return loadElement(x.at, x.dtype, uint64_t(t) * x.s0 + uint64_t(h) * x.s1);
}

void main() {
    uint group = groupIndex();
    uint t = group / P.out_N1, h = group % P.out_N1;
    if (t >= P.out_N0) return;
    float largest = -INFINITY;
    bool bad = false;
    for (uint i = 0u; i < P.lses_COUNT; i++) {
        float l = lsePart(i, t, h);
        bad = bad || isNan(l);
        largest = max(largest, isNan(l) ? -INFINITY : l);
    }
    double total = 0.0lf;
    for (uint i = 0u; i < P.lses_COUNT; i++) {
        float l = lsePart(i, t, h);
        if (!isNan(l) && l != -INFINITY) total += exp64(double(l) - double(largest));
    }
    bool empty = largest == -INFINITY && !bad;
    for (uint c = lane(); c < P.out_N2; c += LANES) {
        float sum = 0.0;
        for (uint i = 0u; i < P.outs_COUNT && !bad && !empty; i++) {
            float l = lsePart(i, t, h);
            if (l == -INFINITY) continue;
            Tensor x = Tensor(P.outs + uint64_t(i) * 48);
            float weight = float(exp64(double(l) - double(largest)) / total);
            sum = fma(weight, loadElement(x.at, x.dtype, uint64_t(t) * x.s0 + uint64_t(h) * x.s1 + uint64_t(c) * x.s2), sum);
        }
        out_store(out_at(t, h, c), bad ? NOT_A_NUMBER : sum);
    }
    barrier();
    if (lane() == 0u) {
        lse_store(lse_at(t, h, 0u), bad ? NOT_A_NUMBER : empty ? -INFINITY : float(double(largest) + log64(total)));
    }
}
