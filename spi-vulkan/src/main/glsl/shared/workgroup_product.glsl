// y = x W^T + b on matrices of a work group: ROWS tokens x COLUMNS outputs per work group, DEPTH channels of the inner axis per
// step. Tiles inside the tensors are read without bounds. Work groups go through bands of eight rows of tiles, so that
// neighbours share rows of x and of W in the cache. That k is a multiple of eight is said where it is used, so that the driver
// loads 16 bytes at a time.
//@ tensor x
//@ tensor weight
//@ tensor bias
//@ tensor y
//@ uint inFeatures
//@ spec COLUMNS
//@ spec DEPTH
#include "shared/workgroup_matrices.glsl"

float withBias(const in uint r, const in uint c, const in float v, const in uint first) {
    uint o = first + c;
    return o < P.weight_N0 ? v + bias_load(uint64_t(o) * P.bias_S0) : v;
}

void main() {
    uint tall = (P.x_N0 + ROWS - 1u) / ROWS, wide = (P.weight_N0 + COLUMNS - 1u) / COLUMNS;
    if (groupIndex() >= tall * wide) return;
    const uint BAND = 8u;
    uint band = groupIndex() / (BAND * wide), height = min(BAND, tall - band * BAND), within = groupIndex() % (BAND * wide);
    uint t = (band * BAND + within % height) * ROWS, o = within / height * COLUMNS;
    SUMS(COLUMNS) sums = SUMS(COLUMNS)(0.0);
    uint depth = P.inFeatures, k = 0u;
    LEFT(DEPTH) a;
    RIGHT(DEPTH, COLUMNS) b;
    if (even(P.x_AT | P.weight_AT) && t + ROWS <= P.x_N0 && o + COLUMNS <= P.weight_N0) {
        INSIDE xs = inside(P.x_N0, depth, P.x_S0), ws = inside(P.weight_N0, depth, P.weight_S0);
        Elements x = Elements(P.x_AT), w = Elements(P.weight_AT);
        for (; k + DEPTH <= depth; k += DEPTH) {
            coopMatLoadTensorNV(a, x.v, 0, sliceTensorLayoutNV(xs, t, ROWS, k & ~7u, DEPTH));
            coopMatLoadTensorNV(b, w.v, 0, sliceTensorLayoutNV(ws, o, COLUMNS, k & ~7u, DEPTH), TURNED);
            sums = coopMatMulAdd(a, b, sums);
        }
    }
    CLAMPED xs = clamped(P.x_N0, depth, P.x_S0), ws = clamped(P.weight_N0, depth, P.weight_S0);
    for (; k < depth; k += DEPTH) {
        LOAD_ROWS(a, P.x_AT, xs, t, ROWS, k & ~7u, DEPTH);
        LOAD_TURNED(b, P.weight_AT, ws, o, COLUMNS, k & ~7u, DEPTH);
        sums = coopMatMulAdd(a, b, sums);
    }
    if (bias_DTYPE != NONE) coopMatPerElementNV(sums, sums, withBias, o);
    CLAMPED ys = clamped(P.x_N0, P.weight_N0, P.y_S0);
    if (y_DTYPE == F32) {
        coopMatStoreTensorNV(sums, Reals(P.y_AT).v, 0, sliceTensorLayoutNV(ys, t, ROWS, o, COLUMNS));
    } else {
        if (!ROUNDS_ITSELF) coopMatPerElementNV(sums, sums, nearestEven);
        ROUNDED(COLUMNS) rounded = ROUNDED(COLUMNS)(sums);
        STORE_ROWS(rounded, P.y_AT, ys, t, ROWS, o, COLUMNS);
    }
}
