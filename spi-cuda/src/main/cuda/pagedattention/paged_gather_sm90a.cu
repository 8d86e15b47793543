// paged_gather: keys and values of all sequences as contiguous 16-bit rows, for prefill attention over cache pages.
//
// A chunk of queries reads each key once per 128 of them, so a copy of the keys costs a 128th of the reads that it saves; the
// attention kernel then runs on bulk copies. Quantized pages are read as scale * (code - zero) (QServe section 5.1) and rounded
// to the type of the queries.
//
// Grid (page columns of the capacity, sequences of the capacity), 256 threads: one block per page, 8 channels a thread and step,
// writes in the order of memory. No shared memory, no barriers. Writes the offsets of the sequences beside.
#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

/** Passed by value; byte offsets for the host. */
struct GatherParams {
    const unsigned char* pages;  // 0: u8 [numPages, pageBytes], layout version 1
    const int* pageTable;        // 8: i32 [numSeqs, numColumns]
    const int* kvLengths;        // 16: i32 [numSeqs]
    int* kvOffsets;              // 24: workspace i32 [numSeqs + 1]
    void* k;                     // 32: workspace 16-bit [numKvTokens, numHeads, headDim]
    void* v;                     // 40: as k
    long pageBytes;              // 48
    long vDataOffset;            // 56
    long kScaleOffset;           // 64
    long kZeroOffset;            // 72
    long vScaleOffset;           // 80
    long vZeroOffset;            // 88
    int numSeqs;                 // 96
    int numColumns;              // 100
    int pageSize;                // 104
    int numHeads;                // 108
    int headDim;                 // 112
    int bits;                    // 116: of a stored channel: 16 as the queries, 8 or 4
    int bf16;                    // 120: 1 rows of bf16, 0 of f16
    int reserved;                // 124
};

namespace {

__device__ __forceinline__ uint32_t pack(float low, float high, int bf16) {
    if (bf16) {
        __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
        return *reinterpret_cast<uint32_t*>(&pair);
    }
    __half2 pair = __floats2half2_rn(low, high);
    return *reinterpret_cast<uint32_t*>(&pair);
}

/** 8 neighbouring channels of a token from channel `first` of the region on. */
__device__ __forceinline__ uint4 channels(
    const GatherParams& p, const unsigned char* data, const unsigned char* scales, const unsigned char* zeros, long vector, int c) {
    long first = vector * p.headDim + c;
    if (p.bits == 16) {
        return *reinterpret_cast<const uint4*>(data + first * 2);
    }
    float scale = __half2float(reinterpret_cast<const __half*>(scales)[vector]);
    float zero = __half2float(reinterpret_cast<const __half*>(zeros)[vector]);
    uint32_t words[2];
    if (p.bits == 8) {
        uint2 codes = *reinterpret_cast<const uint2*>(data + first);
        words[0] = codes.x;
        words[1] = codes.y;
    } else {
        uint32_t codes = *reinterpret_cast<const uint32_t*>(data + first / 2);
        words[0] = (codes & 0xf) | (codes & 0xf0) << 4 | (codes & 0xf00) << 8 | (codes & 0xf000) << 12;
        codes >>= 16;
        words[1] = (codes & 0xf) | (codes & 0xf0) << 4 | (codes & 0xf00) << 8 | (codes & 0xf000) << 12;
    }
    uint32_t out[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        uint32_t word = words[i / 2] >> (16 * (i % 2));
        float low = __fmul_rn(scale, __fsub_rn(word & 0xff, zero));
        float high = __fmul_rn(scale, __fsub_rn(word >> 8 & 0xff, zero));
        out[i] = pack(low, high, p.bf16);
    }
    return uint4{out[0], out[1], out[2], out[3]};
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256) paged_gather__b16(const __grid_constant__ GatherParams p) {
    int seq = blockIdx.y;
    if (seq >= p.numSeqs) {
        return;
    }
    long begin = 0;
    for (int s = 0; s < seq; s++) {
        begin += p.kvLengths[s];
    }
    int length = p.kvLengths[seq];
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        p.kvOffsets[seq] = begin;
        p.kvOffsets[seq + 1] = begin + length;  // the next sequence writes the same
    }
    int first = blockIdx.x * p.pageSize;
    int numTokens = min(p.pageSize, length - first);
    if (numTokens <= 0) {
        return;
    }
    const unsigned char* page = p.pages + p.pageTable[static_cast<long>(seq) * p.numColumns + blockIdx.x] * p.pageBytes;
    int lines = p.headDim / 8;
    uint4* k = static_cast<uint4*>(p.k) + (begin + first) * p.numHeads * lines;
    uint4* v = static_cast<uint4*>(p.v) + (begin + first) * p.numHeads * lines;
    for (int i = threadIdx.x; i < numTokens * p.numHeads * lines; i += blockDim.x) {
        int line = i % lines;
        int head = i / lines % p.numHeads;
        int slot = i / lines / p.numHeads;
        long vector = static_cast<long>(head) * p.pageSize + slot;
        k[i] = channels(p, page, page + p.kScaleOffset, page + p.kZeroOffset, vector, line * 8);
        v[i] = channels(p, page + p.vDataOffset, page + p.vScaleOffset, page + p.vZeroOffset, vector, line * 8);
    }
}
