// Codes and scales of activations (SVDQuant section 4.1): one work group per token walks its groups in order.
//@ tensor x
//@ tensor smooth
//@ tensor codes
//@ tensor scales
//@ tensor sums
//@ uint inFeatures
//@ uint groupSize
//@ float shift
//@ float maxMagnitude

float value(uint t, uint c) {
    precise float v = x_load(x_row(t, c)) + P.shift;
    return smooth_DTYPE == NONE ? v : divide(v, smooth_load(uint64_t(c) * P.smooth_S0));
}

void main() {
    uint t = groupIndex();
    if (t >= P.x_N0) return;
    double sum = 0.0lf;
    for (uint start = 0u, g = 0u; start < P.inFeatures; start += P.groupSize, g++) {
        uint end = min(P.inFeatures, start + P.groupSize);
        float largest = 0.0, bad = 0.0;
        for (uint c = start + lane(); c < end; c += LANES) {
            float v = abs(value(t, c));
            if (isFinite(v)) largest = max(largest, v); else bad = 1.0;
        }
        largest = groupMax(largest);
        bool finite = groupMax(bad) == 0.0;
        float scale = finite ? divide(largest, P.maxMagnitude) : NOT_A_NUMBER;
        if (scales_DTYPE == F16 || scales_DTYPE == BF16) scale = roundTo(scales_DTYPE, scale);
        if (scales_DTYPE == E4M3) scale = e4m3ToFloat(floatToE4m3(scale));
        if (scale == 0.0) scale = 1.0;
        if (lane() == 0u) scales_store(scales_at(t, g, 0u), scale);
        for (uint c = start + lane(); c < end; c += LANES) {
            int code = 0;
            if (finite) {
                float q = divide(value(t, c), scale);
                code = codes_DTYPE == E2M1 ? int(floatToE2m1(q))
                    : int(clamp(roundEven(q), codes_DTYPE == U4 ? 0.0 : -P.maxMagnitude, P.maxMagnitude));
            }
            codes_put(codes_at(t, c, 0u), code);
            sum += double(codes_DTYPE == E2M1 ? e2m1ToFloat(uint(code)) : float(code)) * double(scale);
        }
    }
    if (sums_DTYPE != NONE) {
        sum = groupSumDouble(sum);
        if (lane() == 0u) sums_store(uint64_t(t) * P.sums_S0, float(sum));
    }
}
