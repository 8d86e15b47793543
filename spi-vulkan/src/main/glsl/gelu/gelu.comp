// GELU (Hendrycks and Gimpel 2016, section 2): one thread per element, in fp64 since 1 + erf cancels.
//@ spec TANH
//@ tensor x
//@ tensor out
//@ uint width

// Complementary error function (Abramowitz and Stegun 1964, 7.1.6 and 7.1.14).
double erfc64(double z) {
    double a = abs(z), e = exp64(-a * a), result;
    if (a > 2.0lf) {
        double tail = a;
        for (int n = 60; n >= 1; n--) tail = a + double(n) * 0.5lf / tail;
        result = e * 0.5641895835477563lf / tail;
    } else {
        double term = a, sum = a;
        for (int n = 1; n <= 40; n++) {
            term *= 2.0lf * a * a / double(2 * n + 1);
            sum += term;
        }
        result = 1.0lf - 1.1283791670955126lf * e * sum;
    }
    return z < 0.0lf ? 2.0lf - result : result;
}

void main() {
    uint t = threadIndex() / P.width, c = threadIndex() % P.width;
    if (t >= P.x_N0) return;
    float v = x_load(x_row(t, c));
    float result;
    if (isNan(v)) {
        result = v;
    } else if (abs(v) > 30.0) {
        result = v > 0.0 ? v : v == -INFINITY ? NOT_A_NUMBER : -0.0;
    } else if (TANH == 1u) {
        double x = double(v);
        double z = 1.5957691216057308lf * (x + 0.044715lf * x * x * x); // 2 sqrt(2 / pi)
        result = float(x / (1.0lf + exp64(min(-z, 690.0lf))));          // (1 + tanh(z / 2)) / 2 = sigmoid(z)
    } else {
        result = float(double(v) * 0.5lf * erfc64(-double(v) * 0.7071067811865476lf));
    }
    out_store(out_row(t, c), result);
}
