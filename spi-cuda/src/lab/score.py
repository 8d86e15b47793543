"""XAttention estimate and selection: checks and timings. usage: score.py DIR check|bench [cases]; DIR holds the cubins."""

import ctypes
import math
import sys

import torch

import driver
from driver import BF16, F16, Map, Module, bench, tensor_map

P, I, F = ctypes.c_void_p, ctypes.c_int, ctypes.c_float


class ScoreParams(ctypes.Structure):
    _fields_ = (
        [("q", Map), ("k", Map)]
        + [(n, P) for n in "qTensor kTensor packedQ packedK blockMass qOffsets kvOffsets qBlockOffsets heads partial tileMax queue".split()]
        + [("factor", F)]
        + [(n, I) for n in "numSeqs numHeads numQoHeads numKvSlots numQRows numKvRows maxKvBlocks maxKeyTiles causal stride headDim alternating r0 r1 r2".split()]
        + [("pad", ctypes.c_char * 32)]
    )


class SelectParams(ctypes.Structure):
    _fields_ = [(n, P) for n in "blockMass thresholds qOffsets kvOffsets qBlockOffsets blockCounts blockIndices heads".split()] + [
        (n, I) for n in "numSeqs numHeads numQoHeads maxKvBlocks blockSize causal keepSink keepDiagonal groupSize mode".split()
    ]


assert ScoreParams.factor.offset == 352 and ctypes.sizeof(ScoreParams) == 448


def i32(x):
    return torch.tensor(x, dtype=torch.int32, device="cuda")


class Estimate:
    def __init__(self, modules, q, k, qo, kvo, numKv, causal, stride, threshold, alternating=0, mode=0):
        self.modules = modules
        numQo, hd = q.shape[1:]
        n = 128 // stride
        qb = [0]
        for a, b, c, d in zip(qo, qo[1:], kvo, kvo[1:]):
            lq, lk = b - a, d - c
            qb.append(qb[-1] + (0 if lq == 0 else ((lk - 1) >> 7) - ((lk - lq) >> 7) + 1))
        self.qb = qb
        longest = max(d - c for c, d in zip(kvo, kvo[1:]))
        maxKv = max(1, -(-longest // 128))
        dev = "cuda"
        grid = driver.multiprocessors()
        p = ScoreParams()
        p.numSeqs, p.numHeads, p.numQoHeads, p.numKvSlots = len(qo) - 1, numQo, numQo, k.shape[1]
        p.numQRows, p.numKvRows = qb[-1] * n, k.shape[0] // stride + len(qo) - 1
        p.maxKvBlocks, p.maxKeyTiles = maxKv, max(1, -(-longest // (stride * 256)))
        p.causal, p.stride, p.headDim, p.alternating = int(causal), stride, hd, alternating
        p.factor = 1 / math.sqrt(hd) / stride
        self.packedQ = torch.empty(numQo * p.numQRows, stride * hd, dtype=q.dtype, device=dev)
        self.packedK = torch.empty(k.shape[1] * p.numKvRows, stride * hd, dtype=q.dtype, device=dev)
        code = BF16 if q.dtype == torch.bfloat16 else F16
        p.q, p.k = [
            tensor_map(t.data_ptr(), code, [t.shape[1], t.shape[0]], [t.shape[1] * 2], [64, rows])
            for t, rows in ((self.packedQ, 128), (self.packedK, 256))
        ]
        self.mass = torch.full((qb[-1], numQo, maxKv), float("nan"), device=dev)
        self.partial = torch.empty(grid * p.maxKeyTiles * 128 * (256 // n), device=dev)
        self.tileMax = torch.empty(grid * p.maxKeyTiles * 128, device=dev)
        self.queue = torch.zeros(1, dtype=torch.int32, device=dev)
        group = numQo // numKv
        self.heads = i32([[h, h // group, 2, 0, 0, 0, 0, 0] for h in range(numQo)])
        self.qo, self.kvo, self.qbt = i32(qo), i32(kvo), i32(qb)
        self.keep = (q, k)
        for name, t in dict(
            qTensor=q, kTensor=k, packedQ=self.packedQ, packedK=self.packedK, blockMass=self.mass, qOffsets=self.qo,
            kvOffsets=self.kvo, qBlockOffsets=self.qbt, heads=self.heads, partial=self.partial, tileMax=self.tileMax, queue=self.queue,
        ).items():
            setattr(p, name, t.data_ptr())
        self.p = p
        self.packGrid = numQo * p.numQRows + k.shape[1] * p.numKvRows
        t = "bf16" if q.dtype == torch.bfloat16 else "f16"
        self.name = f"antidiagonal_score__q_{t}_k_{t}__bq128_bk256__stride{stride}__sm90a"
        s = SelectParams()
        self.thresholds = torch.full((numQo,), threshold, device=dev) if isinstance(threshold, float) else threshold
        self.counts = torch.full((qb[-1], numQo), -1, dtype=torch.int32, device=dev)
        self.indices = torch.full((qb[-1], numQo, maxKv), -1, dtype=torch.int32, device=dev)
        for name, tt in dict(
            blockMass=self.mass, thresholds=self.thresholds, qOffsets=self.qo, kvOffsets=self.kvo, qBlockOffsets=self.qbt,
            blockCounts=self.counts, blockIndices=self.indices, heads=self.heads,
        ).items():
            setattr(s, name, tt.data_ptr())
        s.numSeqs, s.numHeads, s.numQoHeads, s.maxKvBlocks, s.blockSize = p.numSeqs, numQo, numQo, maxKv, 128
        s.causal, s.groupSize, s.mode = int(causal), group, mode
        self.s = s
        self.selectGrid = qb[-1] * (numQo if mode == 0 else numKv)

    def pack(self):
        self.modules["pack"].launch("antidiagonal_pack__b16", [self.packGrid], 256, 0, self.p)

    def score(self):
        self.modules["score"].launch(self.name, [driver.multiprocessors()], 384, 1024 + 4 * 48 * 1024 + 2048, self.p)

    def select(self):
        shared = (self.s.maxKvBlocks * 5 + 15) // 16 * 16
        self.modules["select"].launch("block_select_rows__mass_f32", [self.selectGrid], 128, shared, self.s)

    def __call__(self):
        self.pack()
        self.score()
        self.select()


def reference_mass(q, k, qo, kvo, group, causal, stride, alternating, maxKv, qb):
    n, out = 128 // stride, []
    numQo, hd = q.shape[1:]
    for s in range(len(qo) - 1):
        lq, lk = qo[s + 1] - qo[s], kvo[s + 1] - kvo[s]
        rows = qb[s + 1] - qb[s]
        if rows == 0:
            continue
        shift = lk - lq
        first = (shift >> 7) * n
        numStripes = -(-lk // stride)
        qs = torch.zeros(rows * n * stride, numQo, hd, dtype=torch.float64, device="cuda")
        begin = shift - first * stride
        qs[begin : begin + lq] = q[qo[s] : qo[s + 1]].double()
        ks = torch.zeros(numStripes * stride, numQo, hd, dtype=torch.float64, device="cuda")
        ks[:lk] = k[kvo[s] : kvo[s + 1]].double().repeat_interleave(group, 1)
        qs, ks = qs.view(rows * n, stride, numQo, hd), ks.view(numStripes, stride, numQo, hd)
        rq = qs.flip(1)
        t = torch.einsum("irhd,jrhd->hij", rq, ks)
        if alternating:
            shifted = torch.einsum("irhd,jrhd->hij", rq, ks.roll(-1, 1))
            odd = (torch.arange(numStripes, device="cuda") & 1).bool()
            t = torch.where(odd[None, None], shifted, t)
        z = t / math.sqrt(hd) / stride
        i = torch.arange(rows * n, device="cuda")[:, None] + first
        j = torch.arange(numStripes, device="cuda")[None]
        if causal:
            z = z.masked_fill((j > i)[None], -math.inf)
        p = torch.softmax(z, -1).nan_to_num(0.0)
        valid = ((i + 1) * stride > shift) & (i * stride < lk)
        p = p * valid[None]
        padded = torch.zeros(numQo, rows * n, maxKv * n, dtype=torch.float64, device="cuda")
        padded[:, :, :numStripes] = p
        out.append(padded.view(numQo, rows, n, maxKv, n).sum((2, 4)).transpose(0, 1))
    return torch.cat(out)


def exact_choice(mass, threshold, reach, diagonal, causal):
    need = threshold * sum(mass[:reach])
    chosen = {c for c in (0, diagonal) if causal and c < reach}
    taken = sum(mass[c] for c in chosen)
    for c in sorted((c for c in range(reach) if c not in chosen), key=lambda c: (-mass[c], c)):
        if taken >= need:
            break
        chosen.add(c)
        taken += mass[c]
    return sorted(chosen)


def check_case(modules, name, dtype, hd, stride, lens, numQo, numKv, causal, alternating, seed):
    gen = torch.Generator().manual_seed(seed)
    qo, kvo = [0], [0]
    for lq, lk in lens:
        qo.append(qo[-1] + lq)
        kvo.append(kvo[-1] + lk)
    mk = lambda n, h: (torch.randn(n, h, hd, generator=gen) * 2).to(dtype).cuda()
    q, k = mk(qo[-1], numQo), mk(kvo[-1], numKv)
    e = Estimate(modules, q, k, qo, kvo, numKv, causal, stride, 0.7, alternating)
    e.packedQ.fill_(float("nan"))
    e.packedK.fill_(float("nan"))
    e()
    torch.cuda.synchronize()
    ref = reference_mass(q, k, qo, kvo, numQo // numKv, causal, stride, alternating, e.p.maxKvBlocks, e.qb)
    err = (e.mass.double() - ref).abs().max().item()
    rel = ((e.mass.double() - ref).norm() / ref.norm()).item()
    clean = bool(((ref == 0) == (e.mass == 0)).all())
    mass = e.mass.double().cpu().tolist()
    counts, indices = e.counts.cpu().tolist(), e.indices.cpu().tolist()
    wrong = total = 0
    for s in range(len(lens)):
        lq, lk = lens[s]
        for b in range(e.qb[s + 1] - e.qb[s]):
            diagonal = ((lk - lq) >> 7) + b
            blocks = -(-lk // 128)
            reach = max(0, min(diagonal + 1, blocks)) if causal else blocks
            for h in range(numQo):
                r = e.qb[s] + b
                want = exact_choice(mass[r][h], float(e.thresholds[h]), reach, diagonal, causal)
                total += 1
                wrong += want != indices[r][h][: counts[r][h]]
    first = (e.mass.clone(), e.counts.clone())
    e()
    torch.cuda.synchronize()
    stable = torch.equal(first[0], e.mass) and torch.equal(first[1], e.counts)
    good = rel < 1e-5 * 10 and clean and wrong == 0 and stable
    print(f"{'ok  ' if good else 'FAIL'} {name}: mass max {err:.2e} rel {rel:.2e} zeros {clean} lists wrong {wrong}/{total} stable {stable}", flush=True)
    if not good:
        bad = ((e.mass.double() - ref).abs() > 1e-3).nonzero()
        print("   ", bad[:8].tolist(), len(bad), e.mass.isnan().sum().item())
    return good


def check(modules, which):
    bf, hf = torch.bfloat16, torch.float16
    cases = {
        "one": ("one block", bf, 128, 16, [(128, 128)], 1, 1, True, 0),
        "square": ("square", bf, 128, 16, [(5000, 5000)], 2, 1, True, 0),
        "chunk": ("chunk", bf, 128, 16, [(1000, 7777)], 4, 2, True, 0),
        "ragged": ("ragged", bf, 128, 16, [(1, 1), (130, 4000), (0, 30), (2500, 2501), (17, 17)], 4, 2, True, 0),
        "s8": ("stride 8", bf, 128, 8, [(130, 4000), (2500, 2501)], 4, 2, True, 0),
        "s4": ("stride 4", bf, 128, 4, [(130, 2000), (1500, 1501)], 4, 2, True, 1),
        "alt": ("alternating", hf, 128, 16, [(130, 4000), (2500, 2501)], 4, 2, True, 1),
        "both": ("bidirectional", bf, 64, 8, [(3000, 3000), (100, 70)], 3, 3, False, 0),
        "long": ("long", bf, 64, 16, [(20000, 20000)], 1, 1, True, 0),
    }
    names = which or list(cases)
    bad = [n for i, n in enumerate(names) if not check_case(modules, *cases[n], 50 + i)]
    print("bad:", bad)
    sys.exit(len(bad) > 0)


def timing(modules, sizes):
    for n in sizes:
        q, k = (torch.randn(n, 32, 128, device="cuda", dtype=torch.bfloat16) for _ in range(2))
        for stride in (16, 8):
            e = Estimate(modules, q, k, [0, n], [0, n], 32, True, stride, 0.05)
            parts = [bench(f, 1, 5) for f in (e.pack, e.score, e.select)]
            whole = bench(e, 1, 5)
            density = e.counts.double().mean().item() / ((e.p.maxKvBlocks + 1) / 2)
            flops = n * n / 2 / stride * 128 * 2 * 32
            print(f"estimate {n} S={stride}: {whole:.2f} ms (pack {parts[0]:.2f} score {parts[1]:.2f} = {flops / parts[1] / 1e9:.0f} TF, select {parts[2]:.2f}) density {density:.4f}", flush=True)
            del e
            torch.cuda.empty_cache()


def main():
    folder = sys.argv[1]
    modules = {n: Module(f"{folder}/{n}.cubin") for n in ("pack", "score", "select")}
    print(driver.device_name(), flush=True)
    if sys.argv[2] == "check":
        check(modules, sys.argv[3:])
    else:
        timing(modules, [int(a) for a in sys.argv[3:]])


if __name__ == "__main__":
    main()
