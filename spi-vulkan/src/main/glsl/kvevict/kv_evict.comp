// Copies whole pages between a pool and a staging tensor: one work group per page and chunk.
//@ spec BACK
//@ tensor pages
//@ tensor pageIds
//@ tensor staging
#include "shared/copy.glsl"

void main() {
    uint chunks = (P.pages_N1 + CHUNK - 1u) / CHUNK;
    uint i = groupIndex() / chunks;
    if (i >= P.pageIds_N0) return;
    uint64_t pool = P.pages_AT + uint64_t(pageIds_int(uint64_t(i))) * P.pages_S0;
    uint64_t side = P.staging_AT + uint64_t(i) * P.staging_S0;
    copyBytes(BACK == 1u ? side : pool, BACK == 1u ? pool : side, groupIndex() % chunks * CHUNK, P.pages_N1);
}
