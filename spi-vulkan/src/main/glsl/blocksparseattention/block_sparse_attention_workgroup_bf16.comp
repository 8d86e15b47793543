// Chosen blocks of keys on matrices of a work group, of bf16.
#include "shared/element_bf16.glsl"
#include "blocksparseattention/block_sparse_workgroup.glsl"
