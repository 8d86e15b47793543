// Quantizes a vector as KvPrecision says, in fp32 with every operation rounded.
shared float vec[1024];

struct Codes { float scale; float zero; bool constant; bool positive; };

// Scale and zero of vec[0 .. n); the caller has put a barrier after writing vec.
Codes codesOf(uint n, float maxCode) {
    float low = INFINITY, high = -INFINITY, bad = 0.0;
    for (uint c = lane(); c < n; c += LANES) {
        low = min(low, vec[c]);
        high = max(high, vec[c]);
        bad = isNan(vec[c]) ? 1.0 : bad;
    }
    high = groupMax(high);
    low = -groupMax(-low);
    if (groupMax(bad) > 0.0) return Codes(NOT_A_NUMBER, NOT_A_NUMBER, false, false);
    precise float range = high - low;
    float step = divide(range, maxCode);
    float scale = roundTo(F16, step);
    float zero = roundTo(F16, divide(-low, step));
    if (scale == 0.0 || (!isFinite(zero) && !isNan(zero))) {
        precise float sum = high + low;
        float middle = sum * 0.5;
        return Codes(middle == 0.0 ? 1.0 : roundTo(F16, abs(middle)), middle < 0.0 ? 1.0 : 0.0, true, middle > 0.0);
    }
    return Codes(scale, zero, false, false);
}

int codeOf(Codes q, float x, float maxCode) {
    if (q.constant) return q.positive ? 1 : 0;
    precise float shifted = divide(x, q.scale) + q.zero;
    return isNan(shifted) ? 0 : int(clamp(roundEven(shifted), 0.0, maxCode));
}

float decoded(Codes q, int code) {
    precise float v = float(code) - q.zero;
    v = v * q.scale;
    return v;
}
