// The heads an op serves: of the i-th KV head, the head itself and its slot.
//@ address kvHeads
//@ address kvSlots
//@ uint numServed
//@ uint groupSize

uint kvHead(uint i) { return Word(P.kvHeads + 4 * uint64_t(i)).v; }
uint kvSlot(uint i) { return Word(P.kvSlots + 4 * uint64_t(i)).v; }
uint qoHead(uint i) { return kvHead(i / P.groupSize) * P.groupSize + i % P.groupSize; }
