// antidiagonal_pack: lays stripes of queries and keys out as matrix rows, so that scores are one plain matrix product.
//
// Row of a query stripe: its tokens in reverse order, of a key stripe: in order (XAttention section 2.1). With alternating
// residues odd key stripes start at residue 1. Tokens that a sequence does not have are zeros. One block of 256 threads per
// row, 16 bytes a thread and step; grid: at least numHeads * numQRows + numKvSlots * numKvRows. Resets the queue of the scoring
// kernel, which must follow on the same stream.
#include "antidiagonal_score_sm90a.cuh"

using namespace filigree;

extern "C" __global__ void __launch_bounds__(256) antidiagonal_pack__b16(const __grid_constant__ ScoreParams p) {
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        *p.queue = 0;
    }
    long numQ = static_cast<long>(p.numHeads) * p.numQRows;
    // The grid is that of the plan's capacity.
    if (blockIdx.x >= numQ + static_cast<long>(p.numKvSlots) * p.numKvRows) {
        return;
    }
    bool query = blockIdx.x < numQ;
    long at = query ? blockIdx.x : blockIdx.x - numQ;
    int rows = query ? p.numQRows : p.numKvRows;
    int stripesPerBlock = SCORE_BLOCK / p.stride;
    int head = at / rows;
    int row = at % rows;
    // The last sequence that starts at or before the row.
    int seq = 0;
    int high = p.numSeqs;
    while (high - seq > 1) {
        int middle = (seq + high) / 2;
        int base = query ? p.qBlockOffsets[middle] * stripesPerBlock : keyRowBase(p, middle);
        (base <= row ? seq : high) = middle;
    }
    int numKeys = p.kvOffsets[seq + 1] - p.kvOffsets[seq];
    int shift = numKeys - (p.qOffsets[seq + 1] - p.qOffsets[seq]);
    int stripe = query ? row - p.qBlockOffsets[seq] * stripesPerBlock + (shift >> 7) * stripesPerBlock
                       : row - keyRowBase(p, seq);
    int first = query ? shift : 0;
    long source0 = query ? p.qOffsets[seq] - shift : p.kvOffsets[seq];
    int sourceHead = query ? p.heads[head].qoHead : head;
    int sourceHeads = query ? p.numQoHeads : p.numKvSlots;
    const uint4* source = static_cast<const uint4*>(query ? p.qTensor : p.kTensor);
    int lines = p.headDim / 8;
    uint4* to = static_cast<uint4*>(query ? p.packedQ : p.packedK) + at * p.stride * lines;
    int turn = !query && p.alternating && (stripe & 1) ? 1 : 0;
    for (int i = threadIdx.x; i < p.stride * lines; i += blockDim.x) {
        int u = i / lines;
        int residue = query ? p.stride - 1 - u : (u + turn) % p.stride;
        int position = stripe * p.stride + residue;
        bool exists = position >= first && position < numKeys;
        to[i] = exists ? source[((source0 + position) * sourceHeads + sourceHead) * lines + i % lines] : uint4{0, 0, 0, 0};
    }
}
