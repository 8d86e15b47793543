// What Hopper kernels share: barriers in shared memory, bulk tensor copies, warpgroup matrix products.
// sm_90a only. PTX ISA 8.0, sections "mbarrier", "cp.async.bulk.tensor", "wgmma".
#pragma once
#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace filigree {

/** A tensor map as cuTensorMapEncodeTiled writes it: 128 opaque bytes, passed by value inside a __grid_constant__ struct. */
struct alignas(64) TensorMap {
    uint64_t opaque[16];
};

__device__ __forceinline__ uint32_t smemAddress(const void* pointer) {
    return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

__device__ __forceinline__ void mbarrierInit(uint32_t barrier, uint32_t arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

__device__ __forceinline__ void mbarrierInitFence() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

__device__ __forceinline__ void mbarrierExpect(uint32_t barrier, uint32_t bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}

__device__ __forceinline__ void mbarrierArrive(uint32_t barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

__device__ __forceinline__ bool mbarrierTry(uint32_t barrier, uint32_t parity) {
    uint32_t done;
    asm volatile(
        "{\n.reg .pred p;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
        "selp.u32 %0, 1, 0, p;\n}\n"
        : "=r"(done)
        : "r"(barrier), "r"(parity)
        : "memory");
    return done != 0;
}

/** Waits until the phase of that parity has ended. With FILIGREE_BOUNDED_WAITS a wait that never ends traps. */
__device__ __forceinline__ void mbarrierWait(uint32_t barrier, uint32_t parity) {
#ifdef FILIGREE_BOUNDED_WAITS
    for (int tries = 0; !mbarrierTry(barrier, parity); tries++) {
        if (tries > 4000000) {
            __trap();
        }
    }
#else
    while (!mbarrierTry(barrier, parity)) {
    }
#endif
}

__device__ __forceinline__ void namedBarrierSync(int id, int threads) {
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

__device__ __forceinline__ void namedBarrierArrive(int id, int threads) {
    asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

/** Orders ordinary shared-memory accesses of this thread before later accesses of the tensor cores and the copy engine. */
__device__ __forceinline__ void fenceAsyncProxy() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

__device__ __forceinline__ void prefetchMap(const TensorMap* map) {
    asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory");
}

__device__ __forceinline__ void tmaLoad2(uint32_t to, const TensorMap* map, uint32_t barrier, int c0, int c1) {
    asm volatile(
        "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];" ::"r"(to),
        "l"(map),
        "r"(barrier),
        "r"(c0),
        "r"(c1)
        : "memory");
}

__device__ __forceinline__ void tmaLoad3(uint32_t to, const TensorMap* map, uint32_t barrier, int c0, int c1, int c2) {
    asm volatile(
        "cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];" ::"r"(
            to),
        "l"(map),
        "r"(barrier),
        "r"(c0),
        "r"(c1),
        "r"(c2)
        : "memory");
}

__device__ __forceinline__ void tmaLoad4(
    uint32_t to, const TensorMap* map, uint32_t barrier, int c0, int c1, int c2, int c3) {
    asm volatile(
        "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], "
        "[%2];" ::"r"(to),
        "l"(map),
        "r"(barrier),
        "r"(c0),
        "r"(c1),
        "r"(c2),
        "r"(c3)
        : "memory");
}

/** Bytes side by side; addresses and size are multiples of 16. */
__device__ __forceinline__ void bulkLoad(uint32_t to, const void* from, uint32_t bytes, uint32_t barrier) {
    asm volatile(
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to),
        "l"(from),
        "r"(bytes),
        "r"(barrier)
        : "memory");
}

__device__ __forceinline__ float loadSharedAt(uint32_t address, uint32_t block) {
    float value;
    asm volatile(
        "{\n.reg .b32 remote;\n"
        "mapa.shared::cluster.u32 remote, %1, %2;\n"
        "ld.shared::cluster.f32 %0, [remote];\n}\n"
        : "=f"(value)
        : "r"(address), "r"(block)
        : "memory");
    return value;
}

__device__ __forceinline__ uint32_t blockInCluster() {
    uint32_t rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}

/** Every thread of the cluster: shared memory written before is seen by all blocks after. */
__device__ __forceinline__ void clusterSync() {
    asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}

template <int REGISTERS>
__device__ __forceinline__ void takeRegisters() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}

template <int REGISTERS>
__device__ __forceinline__ void giveRegisters() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}

/**
 * Matrix descriptor of a tile in 128-byte swizzle. K-major: strideBytes is the distance of groups of 8 rows and
 * leadingBytes is not read. MN-major: strideBytes is the distance of groups of 8 k, leadingBytes that of runs of 64 mn.
 */
__device__ __forceinline__ uint64_t swizzled128(uint32_t address, uint32_t leadingBytes, uint32_t strideBytes) {
    return static_cast<uint64_t>((address & 0x3FFFF) >> 4) | (static_cast<uint64_t>(leadingBytes >> 4) << 16) |
           (static_cast<uint64_t>(strideBytes >> 4) << 32) | (1ULL << 62);
}

__device__ __forceinline__ void wgmmaFence() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ __forceinline__ void wgmmaCommit() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

template <int PENDING>
__device__ __forceinline__ void wgmmaWait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

/** Keeps the compiler from moving accesses to accumulators across a fence or a wait. */
template <int N>
__device__ __forceinline__ void pin(float (&values)[N]) {
#pragma unroll
    for (int i = 0; i < N; i++) {
        asm volatile("" : "+f"(values[i])::"memory");
    }
}

template <int N>
__device__ __forceinline__ void pin(uint32_t (&values)[N]) {
#pragma unroll
    for (int i = 0; i < N; i++) {
        asm volatile("" : "+r"(values[i])::"memory");
    }
}

#define FILIGREE_D32                                                                                                   \
    "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,"  \
    "%30,%31}"
#define FILIGREE_D64                                                                                                   \
    "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,"  \
    "%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57," \
    "%58,%59,%60,%61,%62,%63}"
#define FILIGREE_D128 \
    "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23," \
    "%24,%25,%26,%27,%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47," \
    "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63,%64,%65,%66,%67,%68,%69,%70,%71," \
    "%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95," \
    "%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111,%112,%113,%114,%115,%116,%117,%118,%119," \
    "%120,%121,%122,%123,%124,%125,%126,%127}"
#define FILIGREE_F8(d, o)                                                                                              \
    "+f"(d[o]), "+f"(d[o + 1]), "+f"(d[o + 2]), "+f"(d[o + 3]), "+f"(d[o + 4]), "+f"(d[o + 5]), "+f"(d[o + 6]),        \
        "+f"(d[o + 7])
#define FILIGREE_F32(d, o) FILIGREE_F8(d, o), FILIGREE_F8(d, o + 8), FILIGREE_F8(d, o + 16), FILIGREE_F8(d, o + 24)
#define FILIGREE_F64(d, o) FILIGREE_F32(d, o), FILIGREE_F32(d, o + 32)
#define FILIGREE_F128(d, o) FILIGREE_F64(d, o), FILIGREE_F64(d, o + 64)

// d[64 x N] (+)= a[64 x 16] b[N x 16]^T, a and b in shared memory, both K-major.
#define FILIGREE_WGMMA_SS(N, D, F, P0, P1, P2, TYPE)                                                             \
    asm volatile(                                                                                                      \
        "{\n.reg .pred p;\nsetp.ne.b32 p, %" P2 ", 0;\n"                                                               \
        "wgmma.mma_async.sync.aligned.m64n" N "k16.f32." TYPE "." TYPE " " D ", %" P0 ", %" P1 ", p, 1, 1, 0, 0;\n}\n" \
        : F(d, 0)                                                                                                      \
        : "l"(a), "l"(b), "r"(accumulate))

// d[64 x N] += a[64 x 16] b[16 x N], a in registers, b in shared memory and MN-major.
#define FILIGREE_WGMMA_RS(N, D, F, P0, P1, P2, P3, P4, TYPE)                                                           \
    asm volatile(                                                                                                      \
        "{\nwgmma.mma_async.sync.aligned.m64n" N "k16.f32." TYPE "." TYPE " " D ", {%" P0 ",%" P1 ",%" P2 ",%" P3      \
        "}, %" P4 ", 1, 1, 1, 1;\n}\n"                                                                                 \
        : F(d, 0)                                                                                                      \
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "l"(b))

/** d[64 x 128] (+)= a[64 x 32] b[128 x 32]^T of e4m3, both in shared memory and K-major. */
__device__ __forceinline__ void productE4m3(float (&d)[64], uint64_t a, uint64_t b, int accumulate) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3 " FILIGREE_D64 ", %64, %65, p, 1, 1;\n}\n"
        : FILIGREE_F64(d, 0)
        : "l"(a), "l"(b), "r"(accumulate));
}

#define FILIGREE_R8(d, o)                                                                                              \
    "+r"(d[o]), "+r"(d[o + 1]), "+r"(d[o + 2]), "+r"(d[o + 3]), "+r"(d[o + 4]), "+r"(d[o + 5]), "+r"(d[o + 6]),        \
        "+r"(d[o + 7])
#define FILIGREE_R32(d, o) FILIGREE_R8(d, o), FILIGREE_R8(d, o + 8), FILIGREE_R8(d, o + 16), FILIGREE_R8(d, o + 24)
#define FILIGREE_R128(d) FILIGREE_R32(d, 0), FILIGREE_R32(d, 32), FILIGREE_R32(d, 64), FILIGREE_R32(d, 96)

/** d[64 x 256] (+)= a[64 x 32] b[256 x 32]^T of signed bytes, both in shared memory and K-major; sums are 32-bit integers. */
__device__ __forceinline__ void productInt8(uint32_t (&d)[128], uint64_t a, uint64_t b, int accumulate) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %130, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n256k32.s32.s8.s8 " FILIGREE_D128 ", %128, %129, p;\n}\n"
        : FILIGREE_R128(d)
        : "l"(a), "l"(b), "r"(accumulate));
}

/** The element type of a kernel: how to multiply and how to pack two fp32 values. */
struct Bf16 {
    using Sum = float;
    static constexpr int DTYPE = 2;  // of tensor.cuh
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        uint32_t packed;
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
        return packed;
    }
    static __device__ __forceinline__ void product(float (&d)[64], uint64_t a, uint64_t b, int accumulate) {
        FILIGREE_WGMMA_SS("128", FILIGREE_D64, FILIGREE_F64, "64", "65", "66", "bf16");
    }
    static __device__ __forceinline__ void product(float (&d)[128], uint64_t a, uint64_t b, int accumulate) {
        FILIGREE_WGMMA_SS("256", FILIGREE_D128, FILIGREE_F128, "128", "129", "130", "bf16");
    }
    static __device__ __forceinline__ void productRs(
        float (&d)[64], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint64_t b) {
        FILIGREE_WGMMA_RS("128", FILIGREE_D64, FILIGREE_F64, "64", "65", "66", "67", "68", "bf16");
    }
    static __device__ __forceinline__ void productRs(
        float (&d)[32], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint64_t b) {
        FILIGREE_WGMMA_RS("64", FILIGREE_D32, FILIGREE_F32, "32", "33", "34", "35", "36", "bf16");
    }
    /** d[16 x 8] += a[16 x 16] b[16 x 8] of a warp (mma m16n8k16). */
    static __device__ __forceinline__ void productWarp(
        float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1) {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
    }
};

struct F16 {
    using Sum = float;
    static constexpr int DTYPE = 1;  // of tensor.cuh
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        uint32_t packed;
        asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
        return packed;
    }
    static __device__ __forceinline__ void product(float (&d)[64], uint64_t a, uint64_t b, int accumulate) {
        FILIGREE_WGMMA_SS("128", FILIGREE_D64, FILIGREE_F64, "64", "65", "66", "f16");
    }
    static __device__ __forceinline__ void product(float (&d)[128], uint64_t a, uint64_t b, int accumulate) {
        FILIGREE_WGMMA_SS("256", FILIGREE_D128, FILIGREE_F128, "128", "129", "130", "f16");
    }
    static __device__ __forceinline__ void productRs(
        float (&d)[64], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint64_t b) {
        FILIGREE_WGMMA_RS("128", FILIGREE_D64, FILIGREE_F64, "64", "65", "66", "67", "68", "f16");
    }
    static __device__ __forceinline__ void productRs(
        float (&d)[32], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint64_t b) {
        FILIGREE_WGMMA_RS("64", FILIGREE_D32, FILIGREE_F32, "32", "33", "34", "35", "36", "f16");
    }
    /** d[16 x 8] += a[16 x 16] b[16 x 8] of a warp (mma m16n8k16). */
    static __device__ __forceinline__ void productWarp(
        float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1) {
        asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
    }
};

/** Transposes 4 x 4 words among the 4 lanes that hold a row: lane q ends with the words of column group q. */
__device__ __forceinline__ uint4 transposeQuad(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    bool odd = threadIdx.x & 1;
    bool high = threadIdx.x & 2;
    uint32_t ab = __shfl_xor_sync(~0u, odd ? a : b, 1);
    uint32_t cd = __shfl_xor_sync(~0u, odd ? c : d, 1);
    a = odd ? ab : a;
    b = odd ? b : ab;
    c = odd ? cd : c;
    d = odd ? d : cd;
    uint32_t first = __shfl_xor_sync(~0u, high ? a : c, 2);
    uint32_t second = __shfl_xor_sync(~0u, high ? b : d, 2);
    return high ? uint4{first, second, c, d} : uint4{a, b, first, second};
}

__device__ __forceinline__ float exp2Fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

}  // namespace filigree
