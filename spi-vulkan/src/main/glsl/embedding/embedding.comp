// Copies rows by index: one thread per element.
//@ tensor table
//@ tensor ids
//@ tensor out
//@ uint width

void main() {
    uint t = threadIndex() / P.width, c = threadIndex() % P.width;
    if (t >= P.ids_N0) return;
    int id = ids_int(uint64_t(t) * P.ids_S0);
    bool inside = id >= 0 && uint(id) < P.table_N0;
    out_store(out_row(t, c), inside ? table_load(table_row(uint(id), c)) : NOT_A_NUMBER);
}
