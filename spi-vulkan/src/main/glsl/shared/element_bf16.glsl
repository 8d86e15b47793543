//@ extension GL_EXT_bfloat16
#define ELEMENT bfloat16_t
#define EXPONENT 0x7f807f80u
#define CODE(x) floatToBf16(x)
// A driver may cut off what a conversion to bf16 drops, so numbers are rounded before: to nearest, ties upward, for weights.
#define NEAREST(x) uintBitsToFloat(floatBitsToUint(x) + 0x8000u & 0xffff0000u)
#define ROUNDS_ITSELF false
