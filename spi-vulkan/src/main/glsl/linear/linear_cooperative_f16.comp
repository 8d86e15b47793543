// linear on cooperative matrices of f16.
//@ extension GL_EXT_shader_explicit_arithmetic_types_float16
#define ELEMENT float16_t
#include "shared/cooperative_product.glsl"
