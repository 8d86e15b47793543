// Exact attention on cooperative matrices of bf16.
#include "shared/element_bf16.glsl"
#include "denseattention/dense_cooperative.glsl"
