// linear on matrices of a work group, of f16.
#include "shared/element_f16.glsl"
#include "shared/workgroup_product.glsl"
