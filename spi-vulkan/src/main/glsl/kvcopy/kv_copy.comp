// Copies whole pages within a pool: one work group per page and chunk.
//@ tensor pages
//@ tensor sources
//@ tensor targets
#include "shared/copy.glsl"

void main() {
    uint chunks = (P.pages_N1 + CHUNK - 1u) / CHUNK;
    uint i = groupIndex() / chunks;
    if (i >= P.sources_N0) return;
    uint64_t from = P.pages_AT + uint64_t(sources_int(uint64_t(i))) * P.pages_S0;
    uint64_t to = P.pages_AT + uint64_t(targets_int(uint64_t(i))) * P.pages_S0;
    copyBytes(from, to, groupIndex() % chunks * CHUNK, P.pages_N1);
}
