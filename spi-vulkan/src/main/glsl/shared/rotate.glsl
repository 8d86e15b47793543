// RoPE (RoFormer section 3.4.2): the angle is rounded to fp32, cosine and sine are taken in fp64.
//@ tensor frequencies
//@ uint rotaryDim
//@ uint interleaved
//@ float magnitude

uvec2 pairOf(uint c) { return P.interleaved != 0u ? uvec2(2u * c, 2u * c + 1u) : uvec2(c, c + P.rotaryDim / 2u); }

vec2 rotated(uint c, int position, float a, float b) {
    float angle = float(double(position) * double(frequencies_load(uint64_t(c))));
    dvec2 turn = cosSin(angle) * double(P.magnitude);
    return vec2(double(a) * turn.x - double(b) * turn.y, double(b) * turn.x + double(a) * turn.y);
}
