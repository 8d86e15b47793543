// a + b: one thread per element.
//@ tensor a
//@ tensor b
//@ tensor out
//@ uint width

void main() {
    uint t = threadIndex() / P.width, c = threadIndex() % P.width;
    if (t >= P.a_N0) return;
    out_store(out_row(t, c), a_load(a_row(t, c)) + b_load(b_row(t, c)));
}
