// Exact attention on matrices of a work group, of f16.
#include "shared/element_f16.glsl"
#include "denseattention/dense_workgroup.glsl"
