package dev.filigree.cpu.vector.gemm;

/** Where the matrices of one call lie: addresses and strides in bytes. Kept between calls, so that a run allocates nothing. */
final class GemmCall {
    int m;
    long a;
    long aStride;
    long b;
    long bStride;
    long bias;
    long out;
    long outStride;

    long a(int row) {
        return a + row * aStride;
    }

    long b(int row) {
        return b + row * bStride;
    }

    long out(int row) {
        return out + row * outStride;
    }
}
