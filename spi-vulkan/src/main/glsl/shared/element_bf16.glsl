//@ extension GL_EXT_bfloat16
#define ELEMENT bfloat16_t
#define EXPONENT 0x7f807f80u
#define CODE(x) floatToBf16(x)
