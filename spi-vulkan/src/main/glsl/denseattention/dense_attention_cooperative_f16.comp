// Exact attention on cooperative matrices of f16.
#include "shared/element_f16.glsl"
#include "denseattention/dense_cooperative.glsl"
