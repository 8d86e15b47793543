// Bounds of keys per logical page and channel, rounded outward to f16 (LServe section 3.4.2).
float roundUp(float x) {
    uint code = floatToHalf(x);
    if (!(halfToFloat(code) < x)) return halfToFloat(code);
    return halfToFloat((code & 0x8000u) == 0u ? code + 1u : code - 1u);
}

float javaMax(float a, float b) {
    if (isNan(a) || isNan(b)) return NOT_A_NUMBER;
    if (a == 0.0 && b == 0.0) return uintBitsToFloat(floatBitsToUint(a) & floatBitsToUint(b));
    return a > b ? a : b;
}

// Takes in slots from .. end - 1 of one logical page; a slot that begins it assigns, others widen what is there.
void includeKeys(uint64_t page, uint head, uint from, uint end) {
    uint logical = from / P.logicalPageSize;
    for (uint c = lane(); c < P.headDimQk; c += LANES) {
        uint64_t e = (uint64_t(logical) * P.numPageHeads + head) * P.headDimQk + c;
        float high = 0.0, low = 0.0;
        if (from % P.logicalPageSize != 0u) {
            high = loadElement(page + P.kMaxOffset, F16, e);
            low = loadElement(page + P.kMinOffset, F16, e);
        }
        for (uint slot = from; slot < end; slot++) {
            float x = channel(keyOf(page, head, slot), KP >= 3u, c);
            float up = roundUp(x), down = -roundUp(-x);
            bool first = slot % P.logicalPageSize == 0u;
            high = first ? up : javaMax(up, high);
            low = first ? down : -javaMax(-down, -low);
        }
        storeElement(page + P.kMaxOffset, F16, e, high);
        storeElement(page + P.kMinOffset, F16, e, low);
    }
}
