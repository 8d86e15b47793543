// linear on matrices of a work group, of bf16.
#include "shared/element_bf16.glsl"
#include "shared/workgroup_product.glsl"
