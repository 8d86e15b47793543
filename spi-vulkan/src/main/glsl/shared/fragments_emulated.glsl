// Fragments by hand, for devices without them: what tests the shaders over matrices on lavapipe. Element e of the 256 stands in
// lane e % subgroupSize; subgroups of 8 or 16 lanes.
//@ extension GL_KHR_shader_subgroup_shuffle
#define UNROLL
struct Fragment { float v[32]; };
#define LEFT Fragment
#define RIGHT Fragment
#define SUMS Fragment
const uint MOST_HEAD_DIM = 64u; // shared memory of 32 KiB

float elementOf(uvec4 eight, uint i) {
    uint code = eight[i / 2u] >> 16u * (i % 2u) & 0xffffu;
    return EXPONENT == 0x7c007c00u ? halfToFloat(code) : uintBitsToFloat(code << 16);
}

uint numSlots() { return F * F / gl_SubgroupSize; }
uint elementIn(uint slot) { return slot * gl_SubgroupSize + gl_SubgroupInvocationID; }

#define LOAD_EIGHTS(m, tile, at, stride, r, c) \
    for (uint n_ = 0u; n_ < numSlots(); n_++) { \
        uint e_ = elementIn(n_); \
        (m).v[n_] = elementOf(tile[(at) + (r) * (stride) + (c) / 8u], (c) % 8u); \
    }
#define LOAD_ROWS(m, tile, at, stride) LOAD_EIGHTS(m, tile, at, stride, e_ / F, e_ % F)
#define LOAD_COLUMNS(m, tile, at, stride) LOAD_EIGHTS(m, tile, at, stride, e_ % F, e_ / F)
#define LOAD_SUMS(m, tile, at, stride) \
    for (uint n_ = 0u; n_ < numSlots(); n_++) (m).v[n_] = tile[(at) + elementIn(n_) / F * (stride) + elementIn(n_) % F]
#define STORE_SUMS(m, tile, at, stride) \
    for (uint n_ = 0u; n_ < numSlots(); n_++) tile[(at) + elementIn(n_) / F * (stride) + elementIn(n_) % F] = (m).v[n_]

SUMS zeroSums() {
    SUMS m;
    for (uint n = 0u; n < numSlots(); n++) m.v[n] = 0.0;
    return m;
}

SUMS multiplyAdd(LEFT a, RIGHT b, SUMS c) {
    uint size = gl_SubgroupSize;
    for (uint n = 0u; n < numSlots(); n++) {
        uint row = n * size / F * F, column = n * size % F;
        for (uint k = 0u; k < F; k++) {
            float left = subgroupShuffle(a.v[(row + k) / size], (row + k) % size);
            c.v[n] = fma(left, b.v[(k * F + column) / size], c.v[n]);
        }
    }
    return c;
}

SUMS added(SUMS a, SUMS b) {
    for (uint n = 0u; n < numSlots(); n++) a.v[n] += b.v[n];
    return a;
}

SUMS scaled(SUMS a, SUMS b) {
    for (uint n = 0u; n < numSlots(); n++) a.v[n] *= b.v[n];
    return a;
}
