// paged_decode_int4: paged_decode over 4-bit pages (QServe section 5.1 for the format; head dim 128).
//
// Codes become exact 16-bit integers with one logic operation and one subtraction for two (the exponent trick: 1024 + code in
// f16, 128 + code in bf16), straight into the registers of m16n8k16. Scales and zeros never touch them: a score is
// scale * (q . code - zero * sum(q)); an output is sum(p scale code) - sum(p scale zero), with p scale as the tensor cores saw it.
// The order of channels inside a product is free, so lanes read whole words: q is loaded in that order and outputs leave in it.
// Groups of up to 8 query heads leave rows 8 to 15 of every product empty, and skip their softmax.
// Threads, grid, splits and barriers as in paged_decode; a warp's ring has 6 runs of 16 tokens, 2176 bytes each.
// Shared memory: max(4 x 6 x 2176, 4 x 16 x 128 x 4 + 512) + 8 x pagesPerSplit.
// Value rows are swizzled by 16-byte chunks, since a lane reads rows 2 c and 2 c + 1.
#include "paged_decode.cuh"

namespace {

constexpr int HD = 128;
constexpr int STAGES = 6;
constexpr int CODE_BYTES = RUN * HD / 2;
constexpr int RUN_BYTES = 2 * CODE_BYTES + 4 * RUN * 2;
constexpr int PARAMS = 2 * CODE_BYTES;

template <class T>
__device__ __forceinline__ uint32_t integers(uint32_t nibbles);

template <>
__device__ __forceinline__ uint32_t integers<F16>(uint32_t nibbles) {
    uint32_t biased = (nibbles & 0x000f000f) | 0x64006400;
    uint32_t result;
    asm("sub.f16x2 %0, %1, %2;" : "=r"(result) : "r"(biased), "r"(0x64006400));
    return result;
}

template <>
__device__ __forceinline__ uint32_t integers<Bf16>(uint32_t nibbles) {
    uint32_t biased = (nibbles & 0x000f000f) | 0x43004300;
    uint32_t result;
    asm("sub.bf16x2 %0, %1, %2;" : "=r"(result) : "r"(biased), "r"(0x43004300));
    return result;
}

template <class T>
__device__ __forceinline__ float2 unpack(uint32_t packed);

template <>
__device__ __forceinline__ float2 unpack<F16>(uint32_t packed) {
    return __half22float2(*reinterpret_cast<__half2*>(&packed));
}

template <>
__device__ __forceinline__ float2 unpack<Bf16>(uint32_t packed) {
    return float2{__uint_as_float(packed << 16), __uint_as_float(packed & 0xffff0000)};
}

/** Running state of the two rows of a thread; zero is the thread's share of sum(p scale zero). */
struct State {
    float max[2], sum[2], zero[2];
};

/** A run of 16 tokens as page of the split and run within it. */
struct RunPosition {
    int page, run;
    __device__ __forceinline__ RunPosition(int index, int runsPerPage) : page(index / runsPerPage), run(index % runsPerPage) {}
    __device__ __forceinline__ void next(int runsPerPage) {
        run += WARPS;
        while (run >= runsPerPage) {
            run -= runsPerPage;
            page++;
        }
    }
};

template <class T, int HALVES>
__device__ __forceinline__ void attendRun(
    float (&o)[16][4], State& state, const uint32_t (&q)[8][4], const float (&qSum)[2], const char* run, float scaleLog2,
    uint32_t visible) {
    int lane = threadIdx.x & 31;
    int c = lane & 3;
    int r = lane / 4;
    float s[2][4] = {};
    float2 valueScale[2], valueZero[2];
#pragma unroll
    for (int t = 0; t < 2; t++) {
        uint4 words = *reinterpret_cast<const uint4*>(run + (t * 8 + r) * (HD / 2) + c * 16);
        uint32_t w[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
        for (int j = 0; j < 4; j++) {
#pragma unroll
            for (int h = 0; h < 2; h++) {
                T::product(s[t], q[2 * j + h], integers<T>(w[j] >> (8 * h)), integers<T>(w[j] >> (8 * h + 4)));
            }
        }
        const __half2* params = reinterpret_cast<const __half2*>(run + PARAMS) + t * 4 + c;
        float2 keyScale = __half22float2(params[0]);
        float2 keyZero = __half22float2(params[8]);
        valueScale[t] = __half22float2(params[16]);
        valueZero[t] = __half22float2(params[24]);
#pragma unroll
        for (int half = 0; half < HALVES; half++) {
            s[t][2 * half] = keyScale.x * fmaf(-keyZero.x, qSum[half], s[t][2 * half]);
            s[t][2 * half + 1] = keyScale.y * fmaf(-keyZero.y, qSum[half], s[t][2 * half + 1]);
        }
    }
    float factor[2] = {1.f, 1.f};
    uint32_t a[4] = {};
#pragma unroll
    for (int half = 0; half < HALVES; half++) {
        float max = state.max[half];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float& value = s[i / 2][2 * half + i % 2];
            value = (visible >> ((i / 2) * 8 + 2 * c + i % 2)) & 1 ? value * scaleLog2 : -INFINITY;
            max = fmaxf(max, value);
        }
        max = fmaxf(max, __shfl_xor_sync(~0u, max, 1));
        max = fmaxf(max, __shfl_xor_sync(~0u, max, 2));
        float base = max == -INFINITY ? 0.f : max;
        factor[half] = exp2Fast(state.max[half] - base);
        state.max[half] = max;
        float sum = 0.f;
        float zero = 0.f;
#pragma unroll
        for (int t = 0; t < 2; t++) {
            float p0 = exp2Fast(s[t][2 * half] - base);
            float p1 = exp2Fast(s[t][2 * half + 1] - base);
            sum += p0 + p1;
            // A token that is not seen may have any scale and zero, NaN too.
            bool seen0 = (visible >> (t * 8 + 2 * c)) & 1;
            bool seen1 = (visible >> (t * 8 + 2 * c + 1)) & 1;
            uint32_t packed = T::pack(seen0 ? p0 * valueScale[t].x : 0.f, seen1 ? p1 * valueScale[t].y : 0.f);
            float2 weights = unpack<T>(packed);
            zero += seen0 ? weights.x * valueZero[t].x : 0.f;
            zero += seen1 ? weights.y * valueZero[t].y : 0.f;
            a[2 * t + half] = packed;
        }
        state.sum[half] = fmaf(state.sum[half], factor[half], sum);
        state.zero[half] = fmaf(state.zero[half], factor[half], zero);
    }
    if (__any_sync(~0u, factor[0] != 1.f || factor[1] != 1.f)) {
#pragma unroll
        for (int i = 0; i < 16; i++) {
            o[i][0] *= factor[0];
            o[i][1] *= factor[0];
            if constexpr (HALVES == 2) {
                o[i][2] *= factor[1];
                o[i][3] *= factor[1];
            }
        }
    }
    const char* values = run + CODE_BYTES;
#pragma unroll
    for (int g = 0; g < 2; g++) {
        int word = r + 8 * g;
        int offset = ((word / 4) ^ c) * 16 + word % 4 * 4;
        uint32_t w[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            w[i] = *reinterpret_cast<const uint32_t*>(values + (2 * c + (i & 1) + 8 * (i / 2)) * (HD / 2) + offset);
        }
        uint32_t low[2] = {__byte_perm(w[0], w[1], 0x5410), __byte_perm(w[0], w[1], 0x7632)};
        uint32_t high[2] = {__byte_perm(w[2], w[3], 0x5410), __byte_perm(w[2], w[3], 0x7632)};
#pragma unroll
        for (int n = 0; n < 8; n++) {
            T::product(o[g * 8 + n], a, integers<T>(low[n / 4] >> (4 * (n % 4))), integers<T>(high[n / 4] >> (4 * (n % 4))));
        }
    }
}

template <class T, int HALVES>
__device__ __forceinline__ void decodeToken(const DecodeParams& p, int seq, int token, int length) {
    extern __shared__ __align__(128) char smem[];
    constexpr int RINGS = WARPS * STAGES * RUN_BYTES;
    constexpr int STATES = WARPS * 16 * HD * 4 + 2 * WARPS * 16 * 4;
    int* pageNumbers = reinterpret_cast<int*>(smem + (RINGS > STATES ? RINGS : STATES));
    int* pageIds = pageNumbers + p.pagesPerSplit;
    int split = blockIdx.x;
    DecodeGroup group = p.groups[blockIdx.y];
    PageList list(p, group, seq, length);
    int firstPage = split * list.share(p);
    int numPages = max(0, min(list.count - firstPage, list.share(p)));
    for (int i = threadIdx.x; i < numPages; i += blockDim.x) {
        int page = list.page(firstPage + i);
        pageNumbers[i] = page;
        pageIds[i] = p.pageTable[static_cast<long>(seq) * p.numColumns + columnOf(p, page)];
    }
    int warp = threadIdx.x / 32;
    int lane = threadIdx.x & 31;
    int c = lane & 3;
    uint32_t q[8][4];
    float qSum[2] = {};
    const uint16_t* qRow = static_cast<const uint16_t*>(p.q) + (static_cast<long>(token) * p.numQoHeads + group.firstQoHead) * HD;
#pragma unroll
    for (int i = 0; i < 8; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            int row = lane / 4 + 8 * (j & 1);
            const uint16_t* from = qRow + row * HD + 8 * (4 * c + i / 2) + 2 * (i % 2) + j / 2;
            q[i][j] = row < p.groupSize ? from[0] | static_cast<uint32_t>(from[4]) << 16 : 0;
            float2 pair = unpack<T>(q[i][j]);
            qSum[j & 1] += pair.x + pair.y;
        }
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
        qSum[half] += __shfl_xor_sync(~0u, qSum[half], 1);
        qSum[half] += __shfl_xor_sync(~0u, qSum[half], 2);
    }
    __syncthreads();
    char* ring = smem + warp * STAGES * RUN_BYTES;
    int runsPerPage = p.pageSize / RUN;
    int numRuns = numPages * runsPerPage;
    int low = group.streaming ? length - group.recent : 0;
    int sink = group.streaming ? group.sink : 0;
    auto seen = [&](int key) { return key < length && (key >= low || key < sink); };
    auto copy = [](uint32_t to, const unsigned char* from, uint32_t bytes) {
        asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
    };
    // Where the next run to fetch and the next to attend lie; counted, since divisions cost as much as a product here.
    RunPosition ahead(warp, runsPerPage);
    RunPosition now = ahead;
    auto fetch = [&](int stage) {
        if (ahead.page < numPages) {
            int at = ahead.page;
            int inPage = ahead.run * RUN;
            int key = pageNumbers[at] * p.pageSize + inPage;
            const unsigned char* page = p.pages + pageIds[at] * p.pageBytes;
            long first = static_cast<long>(group.slot) * p.pageSize + inPage;
            uint32_t to = static_cast<uint32_t>(__cvta_generic_to_shared(ring + stage * RUN_BYTES));
#pragma unroll
            for (int i = 0; i < 2; i++) {
                int row = i * 8 + lane / 4;
                uint32_t bytes = seen(key + row) ? 16 : 0;
                const unsigned char* from = page + (first + row) * (HD / 2) + c * 16;
                copy(to + row * (HD / 2) + c * 16, from, bytes);
                copy(to + CODE_BYTES + row * (HD / 2) + ((c ^ (row / 2 & 3)) * 16), from + p.vDataOffset, bytes);
            }
            if (lane < 8) {
                long offset = lane < 4 ? (lane < 2 ? p.kScaleOffset : p.kZeroOffset) : (lane < 6 ? p.vScaleOffset : p.vZeroOffset);
                copy(to + PARAMS + lane * 16, page + offset + first * 2 + (lane & 1) * 16, 16);
            }
        }
        ahead.next(runsPerPage);
        asm volatile("cp.async.commit_group;" ::: "memory");
    };
    float o[16][4] = {};
    State state{{-INFINITY, -INFINITY}, {0.f, 0.f}, {0.f, 0.f}};
    float scaleLog2 = p.scale * LOG2E;
#pragma unroll
    for (int i = 0; i < STAGES - 1; i++) {
        fetch(i);
    }
    int stage = 0;
    for (int run = warp; run < numRuns; run += WARPS) {
        fetch(stage == 0 ? STAGES - 1 : stage - 1);
        asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 1) : "memory");
        __syncwarp();
        int key = pageNumbers[now.page] * p.pageSize + now.run * RUN;
        now.next(runsPerPage);
        uint32_t visible = __ballot_sync(~0u, lane < RUN && seen(key + lane));
        attendRun<T, HALVES>(o, state, q, qSum, ring + stage * RUN_BYTES, scaleLog2, visible);
        __syncwarp();
        stage = stage + 1 == STAGES ? 0 : stage + 1;
    }
    asm volatile("cp.async.wait_group 0;" ::: "memory");
    __syncthreads();
    float* outs = reinterpret_cast<float*>(smem);
    float* maxes = outs + WARPS * 16 * HD;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = lane / 4 + 8 * half;
        float sum = state.sum[half];
        float zero = state.zero[half];
#pragma unroll
        for (int mask = 1; mask <= 2; mask *= 2) {
            sum += __shfl_xor_sync(~0u, sum, mask);
            zero += __shfl_xor_sync(~0u, zero, mask);
        }
#pragma unroll
        for (int i = 0; i < 16; i++) {
#pragma unroll
            for (int e = 0; e < 2; e++) {
                int channel = 8 * (2 * c + e + 8 * (i / 8)) + i % 8;
                outs[(warp * 16 + row) * HD + channel] = o[i][2 * half + e] - zero;
            }
        }
        if (c == 0) {
            maxes[warp * 16 + row] = state.max[half];
            maxes[(WARPS + warp) * 16 + row] = sum;
        }
    }
    __syncthreads();
    combineWarps<HD>(p, group, outs, maxes, token, split);
}

/** Sequences have one query as a rule; more are worked on one after the other. */
template <class T, int HALVES>
__device__ __forceinline__ void decode(const DecodeParams& p) {
    int seq = blockIdx.z;
    if (seq >= p.numSeqs) {
        return;  // the grid is that of the plan's capacity
    }
    int end = p.qOffsets[seq + 1];
    for (int token = p.qOffsets[seq]; token < end; token++) {
        decodeToken<T, HALVES>(p, seq, token, p.kvLengths[seq] - (end - 1 - token));
        __syncthreads();
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(128, 3) paged_decode__q_bf16_kv_int4_o_bf16__hd128(
    const __grid_constant__ DecodeParams p) {
    if (p.groupSize <= 8) {
        decode<Bf16, 1>(p);
    } else {
        decode<Bf16, 2>(p);
    }
}

extern "C" __global__ void __launch_bounds__(128, 3) paged_decode__q_f16_kv_int4_o_f16__hd128(
    const __grid_constant__ DecodeParams p) {
    if (p.groupSize <= 8) {
        decode<F16, 1>(p);
    } else {
        decode<F16, 2>(p);
    }
}
