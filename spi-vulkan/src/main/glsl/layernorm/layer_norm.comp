// (x - mean) / sqrt(variance + eps) * weight + bias (Ba et al. 2016), the variance from the differences.
#include "shared/normrow.glsl"
//@ tensor bias

void main() {
    if (token() >= P.x_N0) return;
    double sum = 0.0lf;
    for (uint c = lane(); c < P.n; c += LANES) sum += double(x_load(x_row(token(), column(c))));
    double mean = groupSumDouble(sum) / double(P.n), squares = 0.0lf;
    for (uint c = lane(); c < P.n; c += LANES) {
        double d = double(x_load(x_row(token(), column(c)))) - mean;
        squares += d * d;
    }
    double root = sqrt(groupSumDouble(squares) / double(P.n) + double(P.eps));
    for (uint c = lane(); c < P.n; c += LANES) {
        double v = (double(x_load(x_row(token(), column(c)))) - mean) / root;
        double factor = weight_DTYPE == NONE ? 1.0lf : double(weight_load(uint64_t(c) * P.weight_S0));
        double offset = bias_DTYPE == NONE ? 0.0lf : double(bias_load(uint64_t(c) * P.bias_S0));
        out_store(out_row(token(), column(c)), float(v * factor + offset));
    }
}
