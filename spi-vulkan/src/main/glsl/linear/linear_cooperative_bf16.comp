// linear on cooperative matrices of bf16.
//@ extension GL_EXT_bfloat16
#define ELEMENT bfloat16_t
#include "shared/cooperative_product.glsl"
