// linear on cooperative matrices of f16.
#include "shared/element_f16.glsl"
#include "shared/cooperative_product.glsl"
