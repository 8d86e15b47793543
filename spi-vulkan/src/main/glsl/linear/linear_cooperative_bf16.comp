// linear on cooperative matrices of bf16.
#include "shared/element_bf16.glsl"
#include "shared/cooperative_product.glsl"
