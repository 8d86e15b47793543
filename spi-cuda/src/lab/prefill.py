"""Prefill attention: checks against fp32 and timings beside cuDNN. usage: prefill.py CUBIN SCHEDULE_CUBIN check|bench [...]"""

import ctypes
import math
import sys

import torch

import driver
from driver import BF16, F16, Map, Module, bench, relative, tensor_map

P = ctypes.c_void_p
I = ctypes.c_int


class Params(ctypes.Structure):
    _fields_ = [("q", Map), ("k", Map), ("v", Map)] + [
        (n, P)
        for n in "out lse qOffsets kvOffsets qBlockOffsets blockCounts blockIndices heads items queue".split()
    ] + [("scale", ctypes.c_float)] + [
        (n, I) for n in "numSeqs numHeads numQoHeads maxKvBlocks causal headsPerSection reserved".split()
    ] + [("pad", ctypes.c_char * 16)]


assert Params.scale.offset == 464, Params.scale.offset


class Prefill:
    """One prepared launch. heads: list of (qoHead, kvSlot, pattern, sink, recent)."""

    def __init__(self, module, schedule, q, k, v, qo, kvo, heads, causal, lists=None, stages=2):
        self.module, self.schedule = module, schedule
        self.dtype = "bf16" if q.dtype == torch.bfloat16 else "f16"
        tokens, numQo, hd = q.shape
        kvTokens, slots, _ = k.shape
        self.hd, self.stages = hd, stages
        dev = q.device
        code = BF16 if q.dtype == torch.bfloat16 else F16
        p = Params()
        maps = [
            tensor_map(t.data_ptr(), code, [hd, t.shape[1], max(1, t.shape[0])], [hd * 2, t.shape[1] * hd * 2], [64, 1, 128])
            for t in (q, k, v)
        ]
        p.q, p.k, p.v = maps
        self.out = torch.full_like(q, float("nan"))
        self.lse = torch.full((tokens, numQo), float("nan"), device=dev)
        i32 = lambda x: torch.tensor(x, dtype=torch.int32, device=dev)
        self.qo, self.kvo = i32(qo), i32(kvo)
        self.table = i32([[*h, 0, 0, 0] for h in heads])
        n = len(qo) - 1
        self.items = torch.empty(len(heads) * (tokens // 128 + 2 * n) * 4, dtype=torch.int32, device=dev)
        self.queue = torch.zeros(2, dtype=torch.int32, device=dev)
        keep = dict(out=self.out, lse=self.lse, qOffsets=self.qo, kvOffsets=self.kvo, heads=self.table, items=self.items, queue=self.queue)
        if lists is not None:
            self.lists = lists
            keep.update(qBlockOffsets=lists[0], blockCounts=lists[1], blockIndices=lists[2])
            p.maxKvBlocks = lists[2].shape[-1]
        for name, t in keep.items():
            setattr(p, name, t.data_ptr())
        p.scale = 1 / math.sqrt(hd)
        p.numSeqs, p.numHeads, p.numQoHeads, p.causal = n, len(heads), numQo, int(causal)
        longest = max(b - a for a, b in zip(kvo, kvo[1:]))
        perHead = max(1, longest * hd * 4)
        group = max(1, len(heads) // max(1, len({h[1] for h in heads})))
        p.headsPerSection = min(len(heads), max(1, 32 * 1024 * 1024 // perHead) * group)
        self.keepAlive = (q, k, v)
        self.p = p
        short = any(h[2] == 2 for h in heads)
        self.variant = "__short" if short else ""
        self.shared = 1024 + ((2 if short else 1) + 2 * stages) * 128 * hd * 2 + 512

    def __call__(self):
        self.schedule.launch(
            "attention_prefill_schedule__bq128", [-(-self.p.numHeads // self.p.headsPerSection)], 1024, 0, self.p
        )
        t = self.dtype
        self.module.launch(
            f"attention_prefill__q_{t}_kv_{t}_o_{t}__hd{self.hd}_bq128_bk128{self.variant}__sm90a",
            [driver.multiprocessors()], 384, self.shared, self.p,
        )


def reference(q, k, v, qo, kvo, heads, causal, scale, listOf=None):
    out = torch.full(q.shape, float("nan"), device=q.device)
    lse = torch.full(q.shape[:2], float("nan"), device=q.device)
    for s in range(len(qo) - 1):
        lq, lk = qo[s + 1] - qo[s], kvo[s + 1] - kvo[s]
        if lq == 0:
            continue
        pos = torch.arange(lq, device=q.device)[:, None] + lk - lq
        key = torch.arange(lk, device=q.device)[None, :]
        for h in heads:
            qoHead, slot, pattern, sink, recent = h
            see = (key <= pos) if causal or pattern == 1 else torch.ones(lq, lk, dtype=torch.bool, device=q.device)
            if pattern == 1:
                see = see & ((key < sink) | (key > pos - recent))
            if pattern == 2:
                see = see & listOf(s, qoHead, pos, key)
            a = q[qo[s] : qo[s + 1], qoHead].float() @ k[kvo[s] : kvo[s + 1], slot].float().T * scale
            a = a.masked_fill(~see, -math.inf)
            l = torch.logsumexp(a, -1)
            w = torch.exp(a - torch.where(l == -math.inf, torch.zeros_like(l), l)[:, None])
            out[qo[s] : qo[s + 1], qoHead] = w @ v[kvo[s] : kvo[s + 1], slot].float()
            lse[qo[s] : qo[s + 1], qoHead] = l
    return out, lse


def random_lists(qo, kvo, numQo, density, causal, gen, sort=True):
    """[numSeqs+1], [numQBlocks, numQoHeads], [numQBlocks, numQoHeads, maxKvBlocks]; the diagonal and block 0 always kept."""
    rows, offsets = [], [0]
    maxKv = max(1, max(-(-(b - a) // 128) for a, b in zip(kvo, kvo[1:])))
    kept = reachable = 0
    counts, index = [], []
    for s in range(len(qo) - 1):
        lq, lk = qo[s + 1] - qo[s], kvo[s + 1] - kvo[s]
        first = (lk - lq) >> 7
        n = 0 if lq == 0 else ((lk - 1) >> 7) - first + 1
        offsets.append(offsets[-1] + n)
        if n == 0:
            continue
        blocks = -(-lk // 128)
        qb = torch.arange(n)[:, None, None] + first
        c = torch.arange(maxKv)[None, None, :]
        reach = (c <= qb) & (c < blocks) if causal else (c < blocks).expand(n, 1, maxKv)
        chosen = ((torch.rand(n, numQo, maxKv, generator=gen) < density) | (c == 0) | (c == qb)) & reach
        kept += chosen.sum().item()
        reachable += reach.expand(n, numQo, maxKv).sum().item()
        counts.append(chosen.sum(-1))
        index.append(torch.where(chosen, c.expand_as(chosen), maxKv + 7).sort(-1).values)
    i32 = lambda x: x.to(torch.int32).cuda()
    return i32(torch.tensor(offsets)), i32(torch.cat(counts)), i32(torch.cat(index)), kept / max(1, reachable)


def check_case(mod, sched, name, dtype, hd, lens, numQo, numKv, causal, patterns, seed):
    gen = torch.Generator().manual_seed(seed)
    qo, kvo = [0], [0]
    for lq, lk in lens:
        qo.append(qo[-1] + lq)
        kvo.append(kvo[-1] + lk)
    mk = lambda n, h: torch.randn(n, h, hd, generator=gen).to(dtype).cuda()
    q, k, v = mk(qo[-1], numQo), mk(kvo[-1], numKv), mk(kvo[-1], numKv)
    heads = [(h, h // (numQo // numKv), *patterns[h % len(patterns)]) for h in range(numQo)]
    *lists, density = random_lists(qo, kvo, numQo, 0.4, causal, gen)

    def listOf(s, head, pos, key):
        row = lists[0][s].long() + (pos[:, 0] >> 7) - ((kvo[s + 1] - kvo[s] - qo[s + 1] + qo[s]) >> 7)
        idx, cnt = lists[2][row, head].long(), lists[1][row, head]
        table = torch.zeros(len(row), lists[2].shape[-1] + 8, dtype=torch.bool, device="cuda")
        valid = torch.arange(idx.shape[1], device="cuda")[None] < cnt[:, None]
        table.scatter_(1, idx.clamp_max(lists[2].shape[-1] + 7), valid)
        return table.gather(1, (key >> 7).expand(len(row), -1))

    run = Prefill(mod, sched, q, k, v, qo, kvo, heads, causal, lists)
    run()
    torch.cuda.synchronize()
    ref, lse = reference(q, k, v, qo, kvo, heads, causal, run.p.scale, listOf)
    err = relative(run.out, ref)
    inf = torch.isneginf(lse)
    same = bool((torch.isneginf(run.lse) == inf).all())
    lerr = (run.lse - lse)[~inf].abs().max().item() if (~inf).any() else 0.0
    first = run.out.clone()
    run()
    torch.cuda.synchronize()
    stable = torch.equal(first, run.out)
    good = err < (6e-3 if dtype == torch.bfloat16 else 1.5e-3) and lerr < 3e-3 and same and stable
    if not good and len(lens) == 1:
        worst = (run.out.float() - ref).abs().amax(-1)
        print("   bad rows:", (worst > 0.05).nonzero()[:12].tolist())
    print(f"{'ok  ' if good else 'FAIL'} {name} err {err:.2e} lse {lerr:.2e} inf {same} stable {stable}", flush=True)
    return good


DENSE, STREAM, LIST = (0, 0, 1), (1, 64, 256), (2, 0, 1)


def check(mod, sched, which):
    bf, hf = torch.bfloat16, torch.float16
    cases = {
        "tiny": ("1 tile", bf, 128, [(128, 128)], 1, 1, False, [DENSE]),
        "tiny2": ("2 tiles", bf, 128, [(128, 256)], 1, 1, False, [DENSE]),
        "causal": ("causal 1024", bf, 128, [(1024, 1024)], 2, 2, True, [DENSE]),
        "tail": ("tail", bf, 128, [(200, 331)], 2, 1, True, [DENSE]),
        "ragged": ("ragged gqa", bf, 128, [(1, 1), (130, 130), (7, 1000), (0, 5), (300, 100), (129, 0), (257, 513)], 6, 2, True, [DENSE]),
        "raggedb": ("ragged bidirectional", bf, 128, [(1, 1), (130, 77), (7, 1000), (300, 100), (257, 513)], 6, 2, False, [DENSE]),
        "mixed": ("mixed patterns", bf, 128, [(1500, 1500), (333, 2000)], 12, 4, True, [DENSE, STREAM, LIST]),
        "stream": ("odd streaming", bf, 128, [(1500, 1500), (333, 2000)], 3, 3, True, [(1, 3, 1), (1, 200, 130), (1, 0, 1000)]),
        "listb": ("lists bidirectional", bf, 128, [(1500, 1500), (333, 900)], 4, 4, False, [LIST]),
        "f16": ("f16 mixed", hf, 128, [(1500, 1500), (333, 2000)], 6, 2, True, [DENSE, STREAM, LIST]),
        "hd64": ("hd64 mixed", bf, 64, [(1500, 1500), (333, 2000)], 6, 2, True, [DENSE, STREAM, LIST]),
        "hd64f": ("hd64 f16", hf, 64, [(1000, 1000), (1, 1)], 6, 6, True, [DENSE, STREAM]),
        "long": ("long", bf, 128, [(4096, 4096)], 8, 8, True, [DENSE]),
    }
    names = which or list(cases)
    bad = [n for i, n in enumerate(names) if not check_case(mod, sched, *cases[n], 100 + i)]
    print("bad:", bad)
    sys.exit(len(bad) > 0)


def bench_dense(mod, sched, sizes, hd=128, heads=32, dtype=torch.bfloat16, stages=2):
    from torch.nn.attention import SDPBackend, sdpa_kernel

    for n in sizes:
        q, k, v = (torch.randn(n, heads, hd, device="cuda", dtype=dtype) for _ in range(3))
        table = [(h, h, *DENSE) for h in range(heads)]
        run = Prefill(mod, sched, q, k, v, [0, n], [0, n], table, True, stages=stages)
        rounds = 15 if n <= 16384 else 7 if n <= 65536 else 3
        qt, kt, vt = (t.transpose(0, 1).unsqueeze(0) for t in (q, k, v))

        def peer():
            with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
                return torch.nn.functional.scaled_dot_product_attention(qt, kt, vt, is_causal=True)

        a, b = driver.versus(run, peer, 2, rounds)
        same = relative(run.out, peer()[0].transpose(0, 1)) if n <= 32768 else float("nan")
        flops = 2 * 2 * n * n / 2 * hd * heads
        tf = lambda ms: flops / ms / 1e9
        print(
            f"dense hd{hd} {n}: ours {a:.3f} ms {tf(a):.0f} TF, cuDNN {b:.3f} ms {tf(b):.0f} TF, ratio {b / a:.3f} diff {same:.1e}",
            flush=True,
        )
        del qt, kt, vt
        yield n, a, (q, k, v)


def bench_sparse(mod, sched, n, dense, qkv, heads=32, hd=128, stages=2):
    gen = torch.Generator().manual_seed(5)
    for density in (0.2, 0.1, 0.05):
        *lists, real = random_lists([0, n], [0, n], heads, density, True, gen)
        table = [(h, h, *LIST) for h in range(heads)]
        run = Prefill(mod, sched, *qkv, [0, n], [0, n], table, True, lists, stages=stages)
        t = bench(run, 2, 7)
        print(f"sparse {n} density {real:.4f}: {t:.3f} ms, {t / (real * dense):.3f} x density x dense", flush=True)


def main():
    mod, sched = Module(sys.argv[1]), Module(sys.argv[2])
    mode = sys.argv[3]
    stages = 2
    for a in sys.argv[4:]:
        if a.startswith("stages="):
            stages = int(a[7:])
    rest = [a for a in sys.argv[4:] if not a.startswith("stages=")]
    print(driver.device_name(), flush=True)
    if mode == "check":
        check(mod, sched, rest)
    elif mode == "hd64":
        for _ in bench_dense(mod, sched, [int(a) for a in rest], 64, stages=stages):
            pass
    elif mode == "sparse":
        for n, t, qkv in bench_dense(mod, sched, [int(a) for a in rest], stages=stages):
            bench_sparse(mod, sched, n, t, qkv, stages=stages)
    else:
        for _ in bench_dense(mod, sched, [int(a) for a in rest], stages=stages):
            pass


if __name__ == "__main__":
    main()
