// gate * sigmoid(gate) * up: one thread per element.
//@ tensor gate
//@ tensor up
//@ tensor out
//@ uint width

void main() {
    uint t = threadIndex() / P.width, c = threadIndex() % P.width;
    if (t >= P.gate_N0) return;
    float g = gate_load(gate_row(t, c));
    out_store(out_row(t, c), g * (1.0 / (1.0 + exp32(-g))) * up_load(up_row(t, c)));
}
