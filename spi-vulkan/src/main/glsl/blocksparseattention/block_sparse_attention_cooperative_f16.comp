// Chosen blocks of keys on cooperative matrices of f16.
#include "shared/element_f16.glsl"
#include "blocksparseattention/block_sparse_cooperative.glsl"
