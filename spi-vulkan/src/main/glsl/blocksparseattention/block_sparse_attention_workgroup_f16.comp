// Chosen blocks of keys on matrices of a work group, of f16.
#include "shared/element_f16.glsl"
#include "blocksparseattention/block_sparse_workgroup.glsl"
