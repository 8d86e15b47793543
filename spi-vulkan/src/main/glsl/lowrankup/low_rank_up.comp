// y += hiddenRank up^T, rounded once (SVDQuant section 4.2): one thread per output.
//@ tensor hiddenRank
//@ tensor up
//@ tensor y
//@ uint outFeatures
//@ uint rank

void main() {
    uint t = threadIndex() / P.outFeatures, o = threadIndex() % P.outFeatures;
    if (t >= P.y_N0) return;
    float sum = 0.0;
    for (uint r = 0u; r < P.rank; r++) sum = fma(hiddenRank_load(hiddenRank_row(t, r)), up_load(up_at(o, r, 0u)), sum);
    uint64_t e = y_row(t, o);
    y_store(e, y_load(e) + sum);
}
