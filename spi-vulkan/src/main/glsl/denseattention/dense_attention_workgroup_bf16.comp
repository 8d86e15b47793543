// Exact attention on matrices of a work group, of bf16.
#include "shared/element_bf16.glsl"
#include "denseattention/dense_workgroup.glsl"
