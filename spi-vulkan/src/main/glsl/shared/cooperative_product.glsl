// y = x W^T + b on cooperative matrices. Tile 128 tokens x 128 outputs per work group of 8 subgroups, two by four, each with
// 4 x 2 fragments of sums; 32 channels of the inner axis per step. Shared memory: 10 KiB of x and of W each, rows padded by 16
// bytes so that fragments read from different banks, and 1 KiB of sums per subgroup. Barriers: after a step's tiles are
// written, and before the next step overwrites them.
//@ tensor x
//@ tensor weight
//@ tensor bias
//@ tensor y
//@ uint inFeatures
#include "shared/cooperative.glsl"

const uint TOKENS = 128u, OUTPUTS = 128u, DEPTH = 4u /* vectors of eight */, ROW = DEPTH + 1u;
shared uvec4 tileX[TOKENS * ROW];
shared uvec4 tileW[OUTPUTS * ROW];
shared float stage[8 * F * F];

void main() {
    uint columns = (P.weight_N0 + OUTPUTS - 1u) / OUTPUTS;
    uint firstToken = groupIndex() / columns * TOKENS, firstOutput = groupIndex() % columns * OUTPUTS;
    if (firstToken >= P.x_N0) return;
    uint rowAt = gl_SubgroupID / 4u * 64u, columnAt = gl_SubgroupID % 4u * 32u;
    SUMS sums[4][2];
    UNROLL for (uint i = 0u; i < 4u; i++) UNROLL for (uint j = 0u; j < 2u; j++) sums[i][j] = zeroSums();
    for (uint k = 0u; k < P.inFeatures; k += 8u * DEPTH) {
        for (uint i = lane(); i < TOKENS * DEPTH; i += LANES) {
            uint row = i / DEPTH, c = k + i % DEPTH * 8u;
            bool inside = c < P.inFeatures;
            uint64_t xe = uint64_t(firstToken + row) * P.x_S0 + c, we = uint64_t(firstOutput + row) * P.weight_S0 + c;
            tileX[row * ROW + i % DEPTH] =
                inside && firstToken + row < P.x_N0 ? eightAt(P.x_AT + 2 * xe) : uvec4(0u);
            tileW[row * ROW + i % DEPTH] =
                inside && firstOutput + row < P.weight_N0 ? eightAt(P.weight_AT + 2 * we) : uvec4(0u);
        }
        barrier();
        UNROLL for (uint part = 0u; part < DEPTH; part += 2u) {
            LEFT left[4];
            UNROLL for (uint i = 0u; i < 4u; i++) {
                LOAD_ROWS(left[i], tileX, (rowAt + F * i) * ROW + part, ROW);
            }
            UNROLL for (uint j = 0u; j < 2u; j++) {
                RIGHT right;
                LOAD_COLUMNS(right, tileW, (columnAt + F * j) * ROW + part, ROW);
                UNROLL for (uint i = 0u; i < 4u; i++) sums[i][j] = multiplyAdd(left[i], right, sums[i][j]);
            }
        }
        barrier();
    }
    uint base = gl_SubgroupID * F * F;
    UNROLL for (uint i = 0u; i < 4u; i++) {
        UNROLL for (uint j = 0u; j < 2u; j++) {
            STORE_SUMS(sums[i][j], stage, base, F);
            subgroupShared();
            for (uint e = gl_SubgroupInvocationID; e < F * F; e += gl_SubgroupSize) {
                uint t = firstToken + rowAt + F * i + e / F, o = firstOutput + columnAt + F * j + e % F;
                if (t >= P.x_N0 || o >= P.weight_N0) continue;
                float offset = bias_DTYPE == NONE ? 0.0 : bias_load(uint64_t(o) * P.bias_S0);
                y_store(uint64_t(t) * P.y_S0 + o, stage[base + e] + offset);
            }
            subgroupShared();
        }
    }
}
