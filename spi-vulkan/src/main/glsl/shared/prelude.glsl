#version 460
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_scalar_block_layout : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int16 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_shader_8bit_storage : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 1;

// Dtypes in the order of DType; NONE marks a tensor that an op leaves out.
const uint F32 = 0, F16 = 1, BF16 = 2, I8 = 3, U8 = 4, I4 = 5, U4 = 6, E4M3 = 7, E2M1 = 8, I32 = 9, I64 = 10, NONE = 99;

#define INFINITY uintBitsToFloat(0x7f800000u)
#define NOT_A_NUMBER uintBitsToFloat(0x7fc00000u)

layout(buffer_reference, scalar, buffer_reference_align = 1) buffer Byte { uint8_t v; };
layout(buffer_reference, scalar, buffer_reference_align = 2) buffer Half { uint16_t v; };
layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Word { uint v; };
layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Real { float v; };
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Wide { uint64_t v; };
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Double { double v; };
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Tensor {
    uint64_t at; uint n0; uint n1; uint n2; uint n3; uint s0; uint s1; uint s2; uint s3; uint dtype; uint pad;
};

// The parameters of a launch, and how many work groups it has: x, y, z, the first of the slice, of a slice, in all.
layout(push_constant, scalar) uniform Push { uint64_t params; uint64_t tally; } push;

// By bits, since compilers may assume that there are no NaNs.
bool isNan(float x) { return (floatBitsToUint(x) & 0x7fffffffu) > 0x7f800000u; }
bool isFinite(float x) { return (floatBitsToUint(x) & 0x7fffffffu) < 0x7f800000u; }

float halfToFloat(uint code) {
    uint magnitude = code & 0x7fffu;
    uint sign = (code & 0x8000u) << 16;
    if (magnitude >= 0x7c00u) return uintBitsToFloat(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
    if (magnitude >= 0x400u) return uintBitsToFloat(sign | ((magnitude << 13) + 0x38000000u));
    return uintBitsToFloat(sign | floatBitsToUint(float(magnitude) * uintBitsToFloat(0x33800000u)));
}

// To nearest, ties to even; the hardware's conversion may round otherwise.
uint floatToHalf(float x) {
    uint bits = floatBitsToUint(x);
    uint sign = bits >> 16 & 0x8000u;
    uint magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return sign | 0x7e00u | (magnitude >> 13 & 0x3ffu);
    if (magnitude >= 0x477ff000u) return sign | 0x7c00u;
    if (magnitude >= 0x38800000u) {
        uint shifted = magnitude - 0x38000000u;
        return sign | (shifted + 0xfffu + (shifted >> 13 & 1u)) >> 13;
    }
    uint exponent = magnitude >> 23;
    if (exponent < 102u) return sign;
    uint mantissa = (magnitude & 0x7fffffu) | 0x800000u;
    uint shift = 126u - exponent; // 14 for the largest subnormal
    uint kept = mantissa >> shift;
    uint rest = mantissa & ((1u << shift) - 1u);
    uint middle = 1u << (shift - 1u);
    return sign | (kept + ((rest > middle || (rest == middle && (kept & 1u) == 1u)) ? 1u : 0u));
}

uint floatToBf16(float x) {
    uint bits = floatBitsToUint(x);
    return isNan(x) ? bits >> 16 | 0x40u : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}

float e4m3ToFloat(uint code) {
    uint exponent = code >> 3 & 0xfu;
    uint mantissa = code & 7u;
    float magnitude = exponent == 0u ? float(mantissa) * uintBitsToFloat((127u - 9u) << 23)
        : uintBitsToFloat((exponent + 120u) << 23 | mantissa << 20);
    if (exponent == 0xfu && mantissa == 7u) magnitude = NOT_A_NUMBER;
    return (code & 0x80u) != 0u ? -magnitude : magnitude;
}

uint floatToE4m3(float x) {
    uint sign = floatBitsToUint(x) >> 31 << 7;
    float magnitude = abs(x);
    if (isNan(x)) return sign | 0x7fu;
    if (magnitude >= 448.0) return sign | 0x7eu;
    int exponent = max(int(floatBitsToUint(magnitude) >> 23) - 127, -6);
    int steps = int(roundEven(magnitude * uintBitsToFloat(uint(127 + 3 - exponent) << 23)));
    return sign | uint(steps + ((exponent + 6) << 3));
}

float e2m1ToFloat(uint code) {
    uint m = code & 7u;
    float magnitude = m < 4u ? float(m) * 0.5 : m == 4u ? 2.0 : m == 5u ? 3.0 : m == 6u ? 4.0 : 6.0;
    return (code & 8u) != 0u ? -magnitude : magnitude;
}

uint floatToE2m1(float x) {
    uint sign = floatBitsToUint(x) >> 31 << 3;
    float magnitude = abs(x);
    uint code = 0u;
    while (code < 7u) {
        float middle = (e2m1ToFloat(code) + e2m1ToFloat(code + 1u)) * 0.5;
        if ((code & 1u) == 0u ? magnitude <= middle : magnitude < middle) break;
        code++;
    }
    return sign | code;
}

uint nibble(uint64_t base, uint64_t e) { return uint(Byte(base + (e >> 1)).v) >> (uint(e & 1) << 2) & 0xfu; }

// Neighbours may be written at the same time, so only the bits of this element are touched, atomically.
void setNibble(uint64_t base, uint64_t e, uint code) {
    uint64_t at = base + (e >> 1);
    uint shift = (uint(at & 3) << 3) + (uint(e & 1) << 2);
    Word word = Word(at & ~uint64_t(3));
    atomicAnd(word.v, ~(0xfu << shift));
    atomicOr(word.v, (code & 0xfu) << shift);
}

int loadInt(uint64_t base, uint dtype, uint64_t e) {
    switch (dtype) {
        case I32: return int(Word(base + 4 * e).v);
        case I8: case E4M3: return int(uint(Byte(base + e).v) << 24) >> 24;
        case U8: return int(Byte(base + e).v);
        case I4: return int(nibble(base, e) << 28) >> 28;
        default: return int(nibble(base, e));
    }
}

float loadElement(uint64_t base, uint dtype, uint64_t e) {
    switch (dtype) {
        case F32: return Real(base + 4 * e).v;
        case F16: return halfToFloat(uint(Half(base + 2 * e).v));
        case BF16: return uintBitsToFloat(uint(Half(base + 2 * e).v) << 16);
        case E4M3: return e4m3ToFloat(uint(Byte(base + e).v));
        case E2M1: return e2m1ToFloat(nibble(base, e));
        default: return float(loadInt(base, dtype, e));
    }
}

void storeInt(uint64_t base, uint dtype, uint64_t e, int value) {
    switch (dtype) {
        case I32: Word(base + 4 * e).v = uint(value); break;
        case I8: case U8: case E4M3: Byte(base + e).v = uint8_t(value & 0xff); break;
        default: setNibble(base, e, uint(value)); break;
    }
}

void storeElement(uint64_t base, uint dtype, uint64_t e, float value) {
    switch (dtype) {
        case F32: Real(base + 4 * e).v = value; break;
        case F16: Half(base + 2 * e).v = uint16_t(floatToHalf(value)); break;
        case BF16: Half(base + 2 * e).v = uint16_t(floatToBf16(value)); break;
        case E4M3: Byte(base + e).v = uint8_t(floatToE4m3(value)); break;
        default: setNibble(base, e, floatToE2m1(value)); break;
    }
}

float roundTo(uint dtype, float x) {
    return dtype == F16 ? halfToFloat(floatToHalf(x)) : dtype == BF16 ? uintBitsToFloat(floatToBf16(x) << 16) : x;
}

uint64_t rowElement(uint t, uint c, uvec4 n, uvec4 s) {
    uint64_t e = uint64_t(t) * s.x;
    if (n.z * n.w == 1u) return e + uint64_t(c) * s.y;
    e += uint64_t(c % n.w) * s.w;
    c /= n.w;
    return e + uint64_t(c % n.z) * s.z + uint64_t(c / n.z) * s.y;
}

// fp32 exponential to 2 ulp: the built-in one may be off by 3 + 2 |x| (Vulkan, precision of operations).
float exp32(float x) {
    if (isNan(x)) return x;
    if (x > 88.72284) return INFINITY;
    if (x < -103.9) return 0.0;
    float n = roundEven(x * 1.44269504);
    float r = fma(n, -0.693145752, x);
    r = fma(n, -1.42860677e-6, r);
    float p = 1.98412698e-4;
    p = fma(p, r, 1.38888889e-3);
    p = fma(p, r, 8.33333333e-3);
    p = fma(p, r, 4.16666667e-2);
    p = fma(p, r, 0.166666667);
    p = fma(p, r, 0.5);
    p = fma(p, r, 1.0);
    p = fma(p, r, 1.0);
    int half1 = int(n) / 2;
    return p * uintBitsToFloat(uint(127 + half1) << 23) * uintBitsToFloat(uint(127 + int(n) - half1) << 23);
}

double power2(int n) { return packDouble2x32(uvec2(0u, uint(1023 + n) << 20)); }

double exp64(double x) {
    if (x < -700.0lf) return 0.0lf;
    double n = floor(x * 1.4426950408889634lf + 0.5lf);
    double r = x - n * 0.6931471803691238lf - n * 1.9082149292705877e-10lf;
    double p = 1.0lf;
    for (int i = 14; i >= 1; i--) p = 1.0lf + p * r / double(i);
    int k = int(n);
    return p * power2(k / 2) * power2(k - k / 2);
}

// Natural log by three Newton steps on exp64, started from the bits.
double log64(double x) {
    uvec2 bits = unpackDouble2x32(x);
    double y = (double(bits.y) * 9.5367431640625e-7lf - 1023.0lf) * 0.6931471805599453lf;
    for (int i = 0; i < 4; i++) y = y - 2.0lf * (exp64(y) - x) / (exp64(y) + x);
    return y;
}

// Cosine and sine of an fp32 angle, reduced and summed in fp64.
dvec2 cosSin(float angle) {
    double x = double(angle);
    double n = floor(x * 0.6366197723675814lf + 0.5lf);
    double r = x - n * 1.5707963267341256lf - n * 6.077100506303966e-11lf - n * 2.0222662487959506e-21lf;
    double z = r * r;
    double s = r * (1.0lf - z / 6.0lf * (1.0lf - z / 20.0lf * (1.0lf - z / 42.0lf * (1.0lf - z / 72.0lf
        * (1.0lf - z / 110.0lf * (1.0lf - z / 156.0lf * (1.0lf - z / 210.0lf)))))));
    double c = 1.0lf - z / 2.0lf * (1.0lf - z / 12.0lf * (1.0lf - z / 30.0lf * (1.0lf - z / 56.0lf
        * (1.0lf - z / 90.0lf * (1.0lf - z / 132.0lf * (1.0lf - z / 182.0lf * (1.0lf - z / 240.0lf)))))));
    double quarter = n - 4.0lf * floor(n * 0.25lf);
    if (quarter == 0.0lf) return dvec2(c, s);
    if (quarter == 1.0lf) return dvec2(-s, c);
    return quarter == 2.0lf ? dvec2(-c, -s) : dvec2(s, -c);
}

// The quotient rounded once to fp32; a double quotient of two floats rounds innocently.
float divide(float a, float b) {
    if (b == 0.0 || !isFinite(a) || !isFinite(b)) {
        if (isNan(a) || isNan(b)) return NOT_A_NUMBER;
        if (!isFinite(b)) return isFinite(a) ? 0.0 : NOT_A_NUMBER;
        if (a == 0.0) return NOT_A_NUMBER;
        return ((floatBitsToUint(a) ^ floatBitsToUint(b)) >> 31) == 0u ? INFINITY : -INFINITY;
    }
    return float(double(a) / double(b));
}

shared float partialSums[256];
shared double partialDoubles[256];
uint lane() { return gl_LocalInvocationID.x; }

// Work groups are counted in two dimensions, since one may hold 65535 only; a launch in slices begins where its tally says.
uint groupIndex() { return Word(push.tally + 12).v + gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x; }
uint threadIndex() { return groupIndex() * LANES + lane(); }

// Sum over the work group, whatever its subgroups; barriers protect partialSums from the call before.
float groupSum(float v) {
    v = subgroupAdd(v);
    if (gl_NumSubgroups == 1u) return v;
    barrier();
    if (subgroupElect()) partialSums[gl_SubgroupID] = v;
    barrier();
    float sum = 0.0;
    for (uint i = 0u; i < gl_NumSubgroups; i++) sum += partialSums[i];
    return sum;
}

float groupMax(float v) {
    v = subgroupMax(v);
    if (gl_NumSubgroups == 1u) return v;
    barrier();
    if (subgroupElect()) partialSums[gl_SubgroupID] = v;
    barrier();
    float m = -INFINITY;
    for (uint i = 0u; i < gl_NumSubgroups; i++) m = max(m, partialSums[i]);
    return m;
}

uint groupMaxUint(uint v) {
    v = subgroupMax(v);
    if (gl_NumSubgroups == 1u) return v;
    barrier();
    if (subgroupElect()) partialSums[gl_SubgroupID] = uintBitsToFloat(v);
    barrier();
    uint m = 0u;
    for (uint i = 0u; i < gl_NumSubgroups; i++) m = max(m, floatBitsToUint(partialSums[i]));
    return m;
}

double groupSumDouble(double v) {
    barrier();
    partialDoubles[lane()] = v;
    barrier();
    double sum = 0.0lf;
    for (uint i = 0u; i < LANES; i++) sum += partialDoubles[i];
    return sum;
}

// Floats as integers in rising order, NaN above all and -0 equal to 0.
uint rising(float x) {
    if (isNan(x)) return 0xffffffffu;
    uint bits = floatBitsToUint(x);
    if (bits == 0x80000000u) bits = 0u;
    return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}

// The sequence whose rows hold row t: the last one that begins at or before it; -1 if there is none.
int sequenceOf(uint64_t offsets, uint numSeqs, int t) {
    if (numSeqs == 0u || t < int(Word(offsets).v) || t >= int(Word(offsets + 4 * uint64_t(numSeqs)).v)) return -1;
    uint low = 0u, high = numSeqs;
    while (high - low > 1u) {
        uint middle = (low + high) / 2u;
        if (int(Word(offsets + 4 * uint64_t(middle)).v) <= t) low = middle; else high = middle;
    }
    return int(low);
}
