"""LServe's decode step: half of the KV heads stream, the others read pages of a budget that are chosen every few steps.

usage: lserve.py DIR check|bench    DIR holds paged_decode_sm90a, paged_decode_codes_sm90a, page_score_sm90a, page_select (.cubin)"""

import ctypes
import sys

import torch

import driver
from decode import Decode, Layout
from driver import LIB, Module, bench, relative

P, I, L = ctypes.c_void_p, ctypes.c_int, ctypes.c_long
HD, QO, KV, PS, LPS, SINK, RECENT = 128, 32, 8, 64, 16, 64, 256


class ScoreParams(ctypes.Structure):
    _fields_ = (
        [(n, P) for n in "pages pageTable q kvLengths scores readers counts chosen slots".split()]
        + [(n, L) for n in "pageBytes kMaxOffset kMinOffset".split()]
        + [(n, I) for n in "numSeqs groupSize numQoHeads numColumns pageSize logicalPageSize numHeads numLists maxPages headsPerList maxChosen budget reuseInterval bf16".split()]
    )


assert ctypes.sizeof(ScoreParams) == 152


class Tensor(ctypes.Structure):
    """common/tensor.cuh."""

    _fields_ = [("data", P), ("extent", L * 4), ("stride", L * 4), ("dtype", I), ("rank", I), ("denseRows", I), ("reserved", I)]


def entry(t):
    """A row of the tensor table on the device."""
    e = Tensor(data=t.data_ptr(), dtype={torch.float32: 0, torch.int32: 9}[t.dtype], rank=t.dim(), denseRows=1)
    for i, (n, s) in enumerate(zip(t.shape, t.stride())):
        e.extent[i], e.stride[i] = n, s
    return torch.frombuffer(bytearray(e), dtype=torch.uint8).cuda()


def i32(x):
    return torch.tensor(x, dtype=torch.int32, device="cuda")


class Bf16Layout:
    """A page of 16-bit keys and values."""

    def __init__(self, numKv):
        self.numKv, self.ps, self.hd = numKv, PS, HD
        self.pageBytes = 2 * numKv * PS * HD * 2


class Step:
    """What the backend launches for one layer: scores, lists, attention over the chosen pages and over the windows."""

    def __init__(self, modules, batch, context, budget, reuse, bits, perHead, length=None):
        self.modules, self.batch, self.n = modules, batch, length or context
        half, numPages, group = KV // 2, context // PS, QO // KV
        perPage = PS // LPS
        self.q = torch.randn(batch, QO, HD, device="cuda", dtype=torch.bfloat16)
        self.layout = layout = Layout(half, PS, HD, bits, bits) if bits else Bf16Layout(half)
        self.dataBytes, statBytes = layout.pageBytes, perPage * half * HD * 2
        self.pageBytes = self.dataBytes + 2 * statBytes
        raw = torch.empty(batch * numPages, self.pageBytes, dtype=torch.uint8, device="cuda")
        if bits:
            raw[:, : self.dataBytes] = layout.random(batch * numPages)
        else:
            for at in range(0, batch * numPages, 1024):
                raw[at : at + 1024, : self.dataBytes] = torch.randn(min(1024, batch * numPages - at), self.dataBytes // 2, device="cuda", dtype=torch.bfloat16).view(torch.uint8)
        self.stats = raw[:, self.dataBytes :].view(torch.float16).view(batch * numPages, 2, perPage, half, HD)
        a = torch.randn(batch * numPages, 2, perPage, half, HD, device="cuda", dtype=torch.float16)
        self.stats[:, 0], self.stats[:, 1] = a.amax(1), a.amin(1)
        self.raw, self.table = raw, torch.randperm(batch * numPages, device="cuda").to(torch.int32).view(batch, numPages)
        numLists, self.perList = (QO, 1) if perHead else (KV, group)
        self.scores = torch.full((batch, numLists, numPages), float("nan"), device="cuda")
        self.counts = torch.zeros(batch, numLists, dtype=torch.int32, device="cuda")
        self.chosen = torch.zeros(batch, numLists, budget + 1, dtype=torch.int32, device="cuda")
        self.slots, self.lengths, self.budget, self.reuse = i32(list(range(batch))), i32([self.n] * batch), budget, reuse
        self.readers = i32([[h * group, h, h * group // self.perList, 0] for h in range(half)])
        self.score = ScoreParams(
            pageBytes=self.pageBytes, kMaxOffset=self.dataBytes, kMinOffset=self.dataBytes + statBytes, numSeqs=batch, groupSize=group, numQoHeads=QO,
            numColumns=numPages, pageSize=PS, logicalPageSize=LPS, numHeads=half, numLists=numLists, maxPages=numPages, headsPerList=self.perList,
            maxChosen=budget + 1, budget=budget, reuseInterval=reuse, bf16=1,
        )
        for name, t in dict(pages=raw, pageTable=self.table, q=self.q, kvLengths=self.lengths, scores=self.scores, readers=self.readers, counts=self.counts, chosen=self.chosen, slots=self.slots).items():
            setattr(self.score, name, t.data_ptr())
        self.entries = [entry(t) for t in (self.scores, self.lengths, self.slots, self.counts, self.chosen)]
        self.heads = i32(list(range(half)))
        choice = (self.counts, self.chosen, self.slots)
        lists = [[h, h // group, 0, 0, 1, h // self.perList] for h in range(0, half * group, self.perList)]
        self.attend = self.decode(raw, self.table, lists, budget + 1, self.perList, choice)
        ring = 1 + -(-(RECENT - 1) // PS) + 1
        windows = torch.randint(0, 255, (batch * ring, self.dataBytes), dtype=torch.uint8, device="cuda")
        windows[:] = raw[: batch * ring, : self.dataBytes]
        groups = [[h * group, h - half, 1, SINK, RECENT, -1] for h in range(half, KV)]
        self.stream = self.decode(windows, i32(list(range(batch * ring))).view(batch, ring), groups, ring, group, None)
        self.stream.p.sinkPages, self.stream.p.ringPages = 1, ring - 1

    def decode(self, pages, table, groups, numPages, perReader, choice):
        """Splits as the backend chooses them: the last wave ends first."""
        coded = isinstance(self.layout, Layout)
        slots, readers = driver.multiprocessors() * (3 if coded else 2), self.batch * len(groups)
        splits = min(range(1, numPages + 1), key=lambda s: -(-readers * s // slots) * (-(-numPages // s) + 3))
        d = Decode(self.modules[:2], self.q, pages if coded else pages[:, : self.dataBytes].view(torch.bfloat16).view(-1, 2, KV // 2, PS, HD), table, [numPages * PS] * self.batch, groups, splits, choice, self.layout if coded else None)
        d.p.pageBytes, d.p.groupSize = pages.shape[1], perReader
        d.keep["pages"] = pages
        d.p.pages, d.p.kvLengths = pages.data_ptr(), self.lengths.data_ptr()
        return d

    def select(self):
        half, per = KV // 2, QO // KV // self.perList
        args = [P(t.data_ptr()) for t in self.entries] + [P(self.heads.data_ptr())] + [I(x) for x in (half, per, self.budget, 1, PS, self.reuse)]
        pointers = (P * len(args))(*[ctypes.addressof(a) for a in args])
        f = self.modules[3].function("page_select__cuda")
        stream = P(torch.cuda.current_stream().cuda_stream)
        driver.check(LIB.cuLaunchKernel(f, I(self.batch * half * per), I(1), I(1), I(512), I(1), I(1), I(0), stream, pointers, None), "page_select")

    def scoring(self):
        self.modules[2].launch("page_score__hd128__group4__sm90a", [-(-self.score.maxPages // 32), KV // 2, self.batch], 128, 0, self.score)

    def __call__(self):
        self.scoring()
        self.select()
        self.attend()
        self.stream()

    def graph(self):
        self()
        torch.cuda.synchronize()
        g = torch.cuda.CUDAGraph()
        with torch.cuda.graph(g):
            self()
        return g.replay


def check(modules):
    bad = 0
    for perHead in (False, True):
        for context, length in ((8192, 8192), (16384, 16383 - 63), (16384, 16376)):
            s = Step(modules, 2, context, 20, 4, 4, perHead, length)
            s()
            torch.cuda.synchronize()
            numPages = -(-length // PS)
            ids = s.table[:, :numPages].long()
            hi, lo = s.stats[ids, 0].float(), s.stats[ids, 1].float()  # [batch, pages, perPage, half, hd]
            q = s.q[:, : QO // 2].float().view(2, KV // 2, 4, HD)
            bound = torch.maximum(torch.einsum("bhgc,bplhc->bhgplc", q, hi), torch.einsum("bhgc,bplhc->bhgplc", q, lo)).sum(-1)
            full = torch.arange(numPages * PS // LPS, device="cuda").view(numPages, -1) * LPS < length
            bound = bound.masked_fill(~full, -torch.inf).amax(-1)
            bound = bound.flatten(1, 2) if perHead else bound.amax(2)
            got = s.scores[:, : bound.shape[1], :numPages]
            err = ((got - bound).abs().max() / bound.abs().max()).item()
            wrong = 0
            for b in range(2):
                for h in range(bound.shape[1]):
                    best = sorted(range(1, numPages - 1), key=lambda i: (-got[b, h, i].item(), i))[: s.budget - 2]
                    wrong += sorted([0, numPages - 1, *best]) != s.chosen[b, h, : s.counts[b, h]].tolist()
            # A step later lists stay as they are, and nothing is scored.
            before = s.chosen.clone()
            s.lengths += 1 if length % PS else -1
            s.scores.fill_(float("nan"))
            s()
            torch.cuda.synchronize()
            kept = torch.equal(before, s.chosen) and s.scores.isnan().all().item() and not s.attend.out[:, : QO // 2].isnan().any().item()
            good = err < 1e-5 and wrong == 0 and kept
            bad += not good
            print("ok  " if good else "FAIL", "per head" if perHead else "per group", length, f"score err {err:.1e}, wrong lists {wrong}, kept {kept}", flush=True)
    return bad


def timing(modules):
    from torch.nn.attention import SDPBackend, sdpa_kernel

    for batch, context in ((8, 131072), (1, 131072)):
        q = torch.randn(batch, QO, 1, HD, device="cuda", dtype=torch.bfloat16)
        k, v = (torch.randn(batch, KV, context, HD, device="cuda", dtype=torch.bfloat16) for _ in range(2))

        def peer():
            with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
                return torch.nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)

        dense = bench(peer, 3, 15)
        del k, v
        torch.cuda.empty_cache()
        print(f"{batch} x {context}: dense cuDNN bf16 {dense * 1e3:.0f} us", flush=True)
        for bits in (0, 8, 4):
            for perHead in (False, True):
                s = Step(modules, batch, context, 4096 // PS, 4, bits, perHead)
                parts = [bench(f, 3, 9, 8) * 1e3 for f in (s.scoring, s.select, s.attend, s.stream)]
                choosing = bench(s.graph(), 3, 15, 8) * 1e3
                s.lengths -= 1
                reusing = bench(s.graph(), 3, 15, 8) * 1e3
                mean = (choosing + 3 * reusing) / 4
                words = ", ".join(f"{n} {t:.0f}" for n, t in zip(("score", "select", "chosen", "windows"), parts))
                print(f"  int{bits or 16} lists per {'head' if perHead else 'group'}: choosing {choosing:.0f} us ({words}), reusing {reusing:.0f}, mean {mean:.0f}: {dense * 1e3 / mean:.1f} x", flush=True)
                del s
                torch.cuda.empty_cache()
    return 0


if __name__ == "__main__":
    names = ("paged_decode_sm90a", "paged_decode_codes_sm90a", "page_score_sm90a", "page_select")
    print(driver.device_name(), flush=True)
    modules = [Module(f"{sys.argv[1]}/{n}.cubin") for n in names]
    sys.exit((check if sys.argv[2] == "check" else timing)(modules))
