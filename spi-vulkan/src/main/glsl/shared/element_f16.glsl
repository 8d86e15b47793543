//@ extension GL_EXT_shader_explicit_arithmetic_types_float16
#define ELEMENT float16_t
#define EXPONENT 0x7c007c00u
#define CODE(x) floatToHalf(x)
#define NEAREST(x) x
#define ROUNDS_ITSELF true
