// residual + x * (offset + scale) + shift, a row of scale and shift per sequence: one thread per element (Peebles and
// Xie 2023, section 3.2).
//@ tensor x
//@ tensor qOffsets
//@ tensor scale
//@ tensor shift
//@ tensor residual
//@ tensor out
//@ uint width
//@ float offset

void main() {
    uint t = threadIndex() / P.width, c = threadIndex() % P.width;
    if (t >= P.x_N0) return;
    int s = sequenceOf(P.qOffsets_AT, P.qOffsets_N0 - 1u, int(t));
    if (s < 0) return;
    float factor = P.offset, sum = 0.0;
    if (scale_DTYPE != NONE) factor += scale_load(scale_row(uint(s), c));
    if (shift_DTYPE != NONE) sum += shift_load(shift_row(uint(s), c));
    if (residual_DTYPE != NONE) sum += residual_load(residual_row(t, c));
    out_store(out_row(t, c), fma(x_load(x_row(t, c)), factor, sum));
}
