// Rotates every head of every token by its position. A warp takes a head vector: it reads all of it into registers before
// it writes, since out may be x. Vectors above 256 channels go in chunks whose partners are read again; then out must not
// be x, which the chooser checks. 128 threads, no shared memory.
#include "../common/rotation.cuh"

extern "C" __global__ void __launch_bounds__(128)
rope__cuda(const filigree::Tensor* xs, const filigree::Tensor* positions, const filigree::Tensor* outs,
           const filigree::Tensor* frequencies, int rotaryDim, int halfSplit, float magnitude) {
    using namespace filigree;
    const Rotary rotary{frequencies, rotaryDim, halfSplit, magnitude};
    const Tensor x = *xs;
    const Tensor out = *outs;
    const int lane = threadIdx.x & 31;
    const int headDim = static_cast<int>(x.extent[2]);
    const long long numVectors = x.extent[0] * x.extent[1];
    const long long numWarps = static_cast<long long>(gridDim.x) * (blockDim.x >> 5);
    for (long long v = static_cast<long long>(blockIdx.x) * (blockDim.x >> 5) + (threadIdx.x >> 5); v < numVectors; v += numWarps) {
        const long long t = v / x.extent[1];
        const long long h = v % x.extent[1];
        const int position = loadInt(*positions, at(*positions, t));
        for (int start = 0; start < headDim; start += 256) {
            float turned[8];
#pragma unroll
            for (int n = 0; n < 8; n++) {
                const int c = start + n * 32 + lane;
                turned[n] = c < headDim
                    ? rotated(rotary, position, c, [&](int channel) { return load(x, at(x, t, h, channel)); })
                    : 0;
            }
            __syncwarp();
#pragma unroll
            for (int n = 0; n < 8; n++) {
                const int c = start + n * 32 + lane;
                if (c < headDim) {
                    store(out, at(out, t, h, c), turned[n]);
                }
            }
        }
    }
}
