// x / sqrt(mean(x^2) + eps) * weight (Zhang and Sennrich 2019).
#include "shared/normrow.glsl"

void main() {
    if (token() >= P.x_N0) return;
    double squares = 0.0lf;
    for (uint c = lane(); c < P.n; c += LANES) {
        double v = double(x_load(x_row(token(), column(c))));
        squares += v * v;
    }
    double root = sqrt(groupSumDouble(squares) / double(P.n) + double(P.eps));
    for (uint c = lane(); c < P.n; c += LANES) {
        float v = float(double(x_load(x_row(token(), column(c)))) / root);
        out_store(out_row(token(), column(c)), v * weight_load(uint64_t(c) * P.weight_S0));
    }
}
