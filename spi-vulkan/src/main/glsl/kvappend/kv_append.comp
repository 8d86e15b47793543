// Rotates, quantizes and stores one token of one KV head per work group (QServe section 5.1).
//@ spec ROTATE
//@ tensor k
//@ tensor v
//@ tensor qOffsets
//@ tensor positions
#include "shared/pages.glsl"
#include "shared/heads.glsl"
#include "shared/rotate.glsl"
#include "shared/quantize.glsl"

void storeVector(uint stored, uint n, Vector x, uint64_t page, uint scaleOffset, uint zeroOffset, uint64_t param) {
    barrier();
    if (stored < 3u) {
        for (uint c = lane(); c < n; c += LANES) storeElement(x.data, x.dtype, x.element + c, vec[c]);
        return;
    }
    float maxCode = stored == 3u ? 255.0 : 15.0;
    Codes q = codesOf(n, maxCode);
    for (uint c = lane(); c < n; c += LANES) storeInt(x.data, x.dtype, x.element + c, codeOf(q, vec[c], maxCode));
    if (lane() == 0u) {
        storeElement(page + scaleOffset, F16, param, q.scale);
        storeElement(page + zeroOffset, F16, param, q.zero);
    }
}

void main() {
    uint group = groupIndex();
    uint t = group / P.numServed, i = group % P.numServed;
    int s = sequenceOf(P.qOffsets_AT, P.qOffsets_N0 - 1u, int(t));
    if (t >= P.k_N0 || s < 0) return;
    uint position = uint(positions_int(uint64_t(t)));
    uint last = position + uint(qOffsets_int(s + 1)) - 1u - t;
    // In a ring a later token of this call may take the same slot; the later one stays.
    if (P.ringPages > 0u && position / P.pageSize >= P.sinkPages && position + P.ringPages * P.pageSize <= last) return;
    uint head = kvHead(i), place = kvSlot(i), slot = position % P.pageSize;
    uint64_t page = pageAddress(uint(s), position), param = uint64_t(place) * P.pageSize + slot;
    for (uint c = lane(); c < P.headDimQk; c += LANES) vec[c] = k_load(k_at(t, head, c));
    if (ROTATE == 1u) {
        barrier();
        for (uint c = lane(); c < P.rotaryDim / 2u; c += LANES) {
            uvec2 at = pairOf(c);
            vec2 turned = rotated(c, int(position), vec[at.x], vec[at.y]);
            vec[at.x] = roundTo(k_DTYPE, turned.x);
            vec[at.y] = roundTo(k_DTYPE, turned.y);
        }
    }
    storeVector(KP, P.headDimQk, Vector(page, param * P.headDimQk, storageOf(KP), 1.0, 0.0), page, P.kScaleOffset,
        P.kZeroOffset, param);
    barrier();
    for (uint c = lane(); c < P.headDimVo; c += LANES) vec[c] = v_load(v_at(t, head, c));
    storeVector(VP, P.headDimVo, Vector(page + P.vDataOffset, param * P.headDimVo, storageOf(VP), 1.0, 0.0), page,
        P.vScaleOffset, P.vZeroOffset, param);
}
