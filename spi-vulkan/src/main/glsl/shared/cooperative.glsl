// Matrices that a subgroup holds together, of the 16-bit type that the including shader names ELEMENT; sums in fp32
// (VK_KHR_cooperative_matrix). Tiles pass through shared memory as vectors of eight elements, so that both types share
// the code and what lies outside a tensor becomes 0.
layout(buffer_reference, scalar, buffer_reference_align = 16) readonly buffer Eight { uvec4 v; };

const uint F = 16u; // rows, columns and depth of a fragment

// Orders what the lanes of one subgroup write to and read from shared memory.
void subgroupShared() {
    subgroupMemoryBarrierShared();
    subgroupBarrier();
}

uvec4 eightAt(uint64_t at) {
    if ((uint(at) & 15u) == 0u) return Eight(at).v;
    uvec4 v;
    for (uint i = 0u; i < 4u; i++) v[i] = uint(Half(at + 4 * i).v) | uint(Half(at + 4 * i + 2).v) << 16;
    return v;
}

#include "shared/fragments.glsl"
