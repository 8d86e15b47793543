// Chosen blocks of keys on cooperative matrices of bf16.
#include "shared/element_bf16.glsl"
#include "blocksparseattention/block_sparse_cooperative.glsl"
