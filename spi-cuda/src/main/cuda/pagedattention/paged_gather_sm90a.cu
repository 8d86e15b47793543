// paged_gather: keys and values of all sequences as contiguous 16-bit rows, for prefill attention over cache pages.
//
// A chunk of queries reads each key once per 128 of them, so a copy of the keys costs a 128th of the reads that it saves; the
// attention kernel then runs on bulk copies. Pages are 16-bit, as the queries.
//
// Grid (page columns of the capacity, sequences of the capacity), 256 threads: one block per page, 8 channels a thread and step,
// writes in the order of memory. No shared memory, no barriers. Writes the offsets of the sequences beside.
#include <cuda_runtime.h>

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
    int numSeqs;                 // 64
    int numColumns;              // 68
    int pageSize;                // 72
    int numHeads;                // 76
    int headDim;                 // 80
    int reserved;                // 84
};

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
    const uint4* keys = reinterpret_cast<const uint4*>(page);
    const uint4* values = reinterpret_cast<const uint4*>(page + p.vDataOffset);
    uint4* k = static_cast<uint4*>(p.k) + (begin + first) * p.numHeads * lines;
    uint4* v = static_cast<uint4*>(p.v) + (begin + first) * p.numHeads * lines;
    for (int i = threadIdx.x; i < numTokens * p.numHeads * lines; i += blockDim.x) {
        int line = i % lines;
        int head = i / lines % p.numHeads;
        int slot = i / lines / p.numHeads;
        long from = (static_cast<long>(head) * p.pageSize + slot) * lines + line;
        k[i] = keys[from];
        v[i] = values[from];
    }
}
