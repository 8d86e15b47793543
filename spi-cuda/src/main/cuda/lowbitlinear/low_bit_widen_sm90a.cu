// Widens 4-bit codes of one side of low_bit_linear, where activations come quantized. Threads: 256; no shared memory.
#include "low_bit_widen_sm90a.cuh"

using namespace filigree;

extern "C" __global__ void __launch_bounds__(256)
low_bit_linear__w_i4__g64__widen__sm90a(const __grid_constant__ LowBitWidenParams p) {
    widenAll(p, blockIdx.x, gridDim.x);
}
