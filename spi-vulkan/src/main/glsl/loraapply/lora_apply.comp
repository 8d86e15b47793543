// y += sum_i strength_i * hidden_i up_i^T (LoRA section 4.1): one thread per output adds all adapters and rounds once.
// hidden_i comes from low_rank_down, in fp32. An adapter of strength 0 or rank 0 is not read.
//@ tensors hiddens
//@ tensors ups
//@ tensor strengths
//@ tensor y
//@ uint outFeatures

void main() {
    uint t = threadIndex() / P.outFeatures, o = threadIndex() % P.outFeatures;
    if (t >= P.y_N0) return;
    float total = 0.0;
    bool any = false;
    for (uint i = 0u; i < P.ups_COUNT; i++) {
        Tensor hidden = Tensor(P.hiddens + uint64_t(i) * 48), up = Tensor(P.ups + uint64_t(i) * 48);
        float strength = strengths_load(uint64_t(i) * P.strengths_S0);
        if (strength == 0.0 || up.n1 == 0u) continue;
        float sum = 0.0;
        for (uint r = 0u; r < up.n1; r++) {
            sum = fma(loadElement(hidden.at, hidden.dtype, uint64_t(t) * hidden.s0 + r),
                loadElement(up.at, up.dtype, uint64_t(o) * up.s0 + uint64_t(r) * up.s1), sum);
        }
        total = fma(strength, sum, total);
        any = true;
    }
    uint64_t e = y_row(t, o);
    if (any) y_store(e, y_load(e) + total);
}
