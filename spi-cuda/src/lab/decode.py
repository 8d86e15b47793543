"""Paged decode: checks and timings beside cuDNN. usage: decode.py CUBIN CODES_CUBIN check|bench [STAGES]"""

import ctypes
import math
import random
import sys

import torch

import driver
from driver import Module, bench, relative

P, I = ctypes.c_void_p, ctypes.c_int


class Params(ctypes.Structure):
    _fields_ = (
        [(n, P) for n in "pages pageTable q kvLengths groups choiceCounts choicePages choiceSlots out lse partialOut partialLse".split()]
        + [("pageBytes", ctypes.c_long), ("vDataOffset", ctypes.c_long), ("scale", ctypes.c_float)]
        + [(n, I) for n in "numSeqs numGroups groupSize numQoHeads numColumns pageSize numSplits pagesPerSplit maxChosen numLists sinkPages ringPages reserved".split()]
        + [(n, ctypes.c_long) for n in "kScaleOffset kZeroOffset vScaleOffset vZeroOffset".split()]
        + [("qOffsets", P)]
    )


assert Params.numSeqs.offset == 116 and ctypes.sizeof(Params) == 208


def quantize(x, bits):
    """QServe section 5.1 as KvPrecision states it: codes, scale and zero (f16), and what they read back as."""
    x, most = x.float(), (1 << bits) - 1
    step = (x.amax(-1, True) - x.amin(-1, True)) / most
    scale, zero = step.half(), (-x.amin(-1, True) / step).half()
    codes = torch.clamp(torch.round(x / scale.float() + zero.float()), 0, most)
    return codes.to(torch.uint8), scale[..., 0], zero[..., 0], scale.float() * (codes - zero.float())


def short(dtype):
    return "bf16" if dtype == torch.bfloat16 else "f16"


class Layout:
    """Bytes of a page of codes: keys, their scales and zeros, values, theirs (KvPageLayout, version 1)."""

    def __init__(self, numKv, ps, hd, kBits, vBits):
        self.numKv, self.ps, self.hd, self.bits = numKv, ps, hd, (kBits, vBits)
        self.param = numKv * ps * 2
        self.code = [numKv * ps * hd * bits // 8 for bits in self.bits]
        self.data = (0, self.code[0] + 2 * self.param)
        self.pageBytes = sum(self.code) + 4 * self.param
        self.kv = f"kv_int{kBits}" if kBits == vBits else f"k_int{kBits}_v_int{vBits}"
        self.bk = next(b for b in ((64, 32, 16) if kBits == 4 else (32, 16)) if ps % b == 0)

    def stageBytes(self, bk):
        return bk * self.hd * sum(self.bits) // 8 + 8 * bk

    def write(self, row, side, codes, params):
        """codes [n, numKv, hd] and params [n, numKv] into the first n slots of a page."""
        n, base, code = codes.shape[0], self.data[side], self.code[side]
        c = codes.transpose(0, 1)
        if self.bits[side] == 4:
            c = c[..., 0::2] | c[..., 1::2] << 4
        row[base : base + code].view(self.numKv, self.ps, -1)[:, :n] = c
        for i, param in enumerate(params):
            begin = base + code + i * self.param
            row[begin : begin + self.param].view(torch.float16).view(self.numKv, self.ps)[:, :n] = param.T

    def random(self, numPages):
        raw = torch.randint(0, 256, (numPages, self.pageBytes), dtype=torch.uint8, device="cuda")
        for side in range(2):
            begin, most = self.data[side] + self.code[side], (1 << self.bits[side]) - 1
            raw[:, begin : begin + self.param].view(torch.float16).fill_(3.0 / most)
            raw[:, begin + self.param : begin + 2 * self.param].view(torch.float16).fill_(most / 2)
        return raw


class Decode:
    """pages [numPages, 2, numKv, pageSize, hd] 16-bit, or [numPages, pageBytes] u8 with a layout of codes."""

    def __init__(self, module, q, pages, table, lengths, groups, splits, choice=None, layout=None, stages=2, bk=None):
        numSeqs, numQo, hd = q.shape
        self.module, self.hd = module, hd
        numKv, ps = (layout.numKv, layout.ps) if layout else pages.shape[2:4]
        p = Params()
        longest = max(lengths)
        total = max(1, -(-longest // ps))
        p.pagesPerSplit = min(512, -(-total // splits))
        p.numSplits = -(-total // p.pagesPerSplit)
        i32 = lambda x: torch.tensor(list(x), dtype=torch.int32, device="cuda")
        self.out = torch.full_like(q, float("nan"))
        self.lse = torch.full((numSeqs, numQo), float("nan"), device="cuda")
        keep = dict(
            pages=pages, pageTable=table, q=q, kvLengths=i32(lengths), qOffsets=i32(range(numSeqs + 1)), groups=i32([[*g, 0, 0] for g in groups]), out=self.out,
            lse=self.lse, partialOut=torch.empty(numSeqs * numQo * p.numSplits * hd, device="cuda"),
            partialLse=torch.empty(numSeqs * numQo * p.numSplits, device="cuda"),
        )
        if choice:
            keep.update(choiceCounts=choice[0], choicePages=choice[1], choiceSlots=choice[2])
            p.numLists, p.maxChosen = choice[1].shape[1:]
        for n, t in keep.items():
            setattr(p, n, t.data_ptr())
        self.keep = keep
        p.pageBytes, p.vDataOffset = 2 * numKv * ps * hd * 2, numKv * ps * hd * 2
        if layout:
            p.kScaleOffset, p.kZeroOffset, p.vDataOffset = layout.code[0], layout.code[0] + layout.param, layout.data[1]
            p.vScaleOffset = layout.data[1] + layout.code[1]
            p.vZeroOffset, p.pageBytes = p.vScaleOffset + layout.param, layout.pageBytes
        p.scale, p.numSeqs, p.numGroups, p.groupSize = 1 / math.sqrt(hd), numSeqs, len(groups), numQo // numKv
        p.numQoHeads, p.numColumns, p.pageSize = numQo, table.shape[1], ps
        self.p = p
        t = short(q.dtype)
        self.merge = f"q_{t}_kv_{t}_o_{t}__hd{hd}"
        bk = bk or (layout.bk if layout else 0)
        self.name = f"q_{t}_{layout.kv}_o_{t}__hd{hd}_bk{bk}" if layout else f"q_{t}_kv_{short(pages.dtype)}_o_{t}__hd{hd}"
        rings = 4 * stages * layout.stageBytes(bk) if layout else 4 * 3 * 2 * 16 * hd * 2
        self.shared = max(rings, 4 * 16 * hd * 4 + 512) + 8 * p.pagesPerSplit

    def __call__(self):
        p = self.p
        self.module[1 if "int" in self.name else 0].launch("paged_decode__" + self.name, [p.numSplits, p.numGroups, p.numSeqs], 128, self.shared, p)
        heads = p.numSeqs * p.numGroups * p.groupSize
        self.module[0].launch("paged_decode_merge__" + self.merge, [heads], 128, 0, p)


def check(module, stages):
    bad = 0
    for name, dtype, hd, numQo, numKv, lengths, ps, splits, bits in [
        ("short", torch.bfloat16, 128, 8, 2, [1, 15, 16, 17, 64, 65, 129], 64, 1, None),
        ("splits", torch.bfloat16, 128, 32, 8, [4000, 1, 777], 64, 7, None),
        ("mha f16", torch.float16, 128, 3, 3, [501, 100], 16, 3, None),
        ("mixed", torch.bfloat16, 128, 8, 2, [700, 129, 300], 64, 3, torch.float16),
        ("mixed split", torch.float16, 128, 8, 1, [700, 129, 300], 64, 3, torch.bfloat16),
        ("mixed split", torch.float16, 64, 6, 2, [700, 129, 300], 16, 3, torch.bfloat16),
        ("int4", torch.float16, 128, 32, 8, [4000, 1, 777], 64, 7, (4, 4)),
        ("int4 wide", torch.bfloat16, 128, 16, 2, [3000, 31], 48, 4, (4, 4)),
        ("int4 bf16", torch.bfloat16, 128, 12, 4, [16, 129, 300], 32, 2, (4, 4)),
        ("int4 long", torch.float16, 128, 8, 2, [70000], 64, 9, (4, 4)),
        ("int8", torch.float16, 128, 32, 8, [4000, 1, 777], 64, 7, (8, 8)),
        ("int8 bf16", torch.bfloat16, 128, 7, 1, [16, 129, 300], 16, 2, (8, 8)),
        ("int8/4", torch.float16, 128, 6, 6, [700, 129, 300], 32, 3, (8, 4)),
        ("int8/4 bf16", torch.bfloat16, 128, 8, 2, [700, 129, 300], 48, 3, (8, 4)),
        ("int4 narrow", torch.float16, 64, 8, 2, [4000, 1, 777], 64, 7, (4, 4)),
        ("int4 narrow", torch.bfloat16, 64, 7, 1, [700, 129, 300], 32, 3, (4, 4)),
        ("int8 narrow", torch.float16, 64, 6, 2, [700, 129, 300], 64, 3, (8, 8)),
        ("int8 narrow", torch.bfloat16, 64, 8, 8, [700, 129, 300], 16, 3, (8, 8)),
        ("wide group", torch.bfloat16, 64, 16, 1, [5000, 4999], 32, 20, None),
    ]:
        random.seed(7)
        stored, bits = (bits, None) if isinstance(bits, torch.dtype) else (dtype, bits)
        numPages = sum(-(-n // ps) for n in lengths)
        pages = torch.full((numPages + 3, 2, numKv, ps, hd), float("nan"), dtype=stored, device="cuda")
        ids = random.sample(range(numPages + 3), numPages)
        cols = max(-(-n // ps) for n in lengths)
        table = torch.zeros(len(lengths), cols, dtype=torch.int32)
        layout = Layout(numKv, ps, hd, *bits) if bits else None
        raw = torch.full((numPages + 3, layout.pageBytes), 255, dtype=torch.uint8, device="cuda") if bits else None
        ks, vs, at = [], [], 0
        for s, n in enumerate(lengths):
            k, v = (torch.randn(n, numKv, hd, device="cuda").to(stored) for _ in range(2))
            v = v * 0.01 if name == "int4 long" else v
            packed = [quantize(x, b) for x, b in zip((k, v), bits)] if bits else None
            ks.append(packed[0][3] if bits else k)
            vs.append(packed[1][3] if bits else v)
            for b in range(-(-n // ps)):
                table[s, b] = ids[at]
                part = slice(b * ps, min(n, (b + 1) * ps))
                pages[ids[at], 0, :, : part.stop - part.start] = k[part].transpose(0, 1)
                pages[ids[at], 1, :, : part.stop - part.start] = v[part].transpose(0, 1)
                for side, (codes, scale, zero, _) in enumerate(packed or []):
                    layout.write(raw[ids[at]], side, codes[part], (scale[part], zero[part]))
                at += 1
        q = torch.randn(len(lengths), numQo, hd, device="cuda").to(dtype)
        g = numQo // numKv
        # Every third KV head streams, every third reads chosen pages.
        groups = [[h * g, h, int(h % 3 == 1), 20, 100, h if h % 3 == 2 else -1] for h in range(numKv)]
        counts = torch.zeros(len(lengths) + 2, numKv, dtype=torch.int32)
        lists = torch.full((len(lengths) + 2, numKv, cols), 1 << 30, dtype=torch.int32)
        slots = [s + 2 for s in range(len(lengths))]
        for s, n in enumerate(lengths):
            for h in range(numKv):
                chosen = [b for b in range(-(-n // ps)) if random.random() < 0.5 or b == (n - 1) // ps]
                counts[slots[s], h] = len(chosen)
                lists[slots[s], h, : len(chosen)] = torch.tensor(chosen)
        choice = (counts.cuda(), lists.cuda(), torch.tensor(slots, dtype=torch.int32, device="cuda"))
        run = Decode(module, q, raw if bits else pages, table.cuda(), lengths, groups, splits, choice, layout, stages)
        run()
        torch.cuda.synchronize()
        ref = torch.zeros(len(lengths), numQo, hd, device="cuda")
        rl = torch.zeros(len(lengths), numQo, device="cuda")
        for s, n in enumerate(lengths):
            for h in range(numQo):
                grp = groups[h // g]
                key = torch.arange(n, device="cuda")
                see = torch.ones(n, dtype=torch.bool, device="cuda")
                if grp[2]:
                    see = (key < 20) | (key >= n - 100)
                if grp[5] >= 0:
                    see = torch.isin(key // ps, lists[slots[s], h // g, : counts[slots[s], h // g]].cuda())
                a = (ks[s][:, h // g].double() @ q[s, h].double()) / math.sqrt(hd)
                a = a.masked_fill(~see, -math.inf)
                rl[s, h] = torch.logsumexp(a, 0)
                ref[s, h] = torch.softmax(a, 0) @ vs[s][:, h // g].double()
        err, lerr = relative(run.out, ref), (run.lse - rl).abs().max().item()
        first = run.out.clone()
        run()
        good = err < (6e-3 if dtype == torch.bfloat16 else 1e-3) and lerr < 1e-3 and torch.equal(first, run.out)
        bad += not good
        print("ok  " if good else "FAIL", name, f"err {err:.2e} lse {lerr:.2e}", flush=True)
        if not good:
            print((run.out.float() - ref).norm(dim=-1).tolist()[:3])
    sys.exit(bad)


def timing(module, stages):
    from torch.nn.attention import SDPBackend, sdpa_kernel

    hd, numQo, numKv, ps = 128, 32, 8, 64
    for batch, n in [(1, 32768), (1, 131072), (8, 32768), (8, 131072)]:
        per = n // ps
        pages = torch.randn(batch * per, 2, numKv, ps, hd, device="cuda", dtype=torch.bfloat16)
        table = torch.randperm(batch * per, device="cuda").to(torch.int32).view(batch, per)
        q = torch.randn(batch, numQo, hd, device="cuda", dtype=torch.bfloat16)
        groups = [[h * 4, h, 0, 0, 1, -1] for h in range(numKv)]
        k, v = (torch.randn(batch, numKv, n, hd, device="cuda", dtype=torch.bfloat16) for _ in range(2))
        qs = q.unsqueeze(2)

        def peer():
            with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
                return torch.nn.functional.scaled_dot_product_attention(qs, k, v, enable_gqa=True)

        b = bench(peer, 3, 15)
        best = None
        for splits in (6, 8, 16, 33, 66):
            if per // splits > 512 or splits > per:
                continue
            run = Decode(module, q, pages, table, [n] * batch, groups, splits)
            a = bench(run, 3, 15)
            best = min(best or (1e9, 0), (a, splits))
        b = min(b, bench(peer, 3, 15))
        codes, tb = "", lambda size, ms: batch * n * numKv * size / ms / 1e9
        for bits in ((4, 4), (8, 4), (8, 8)):
            layout = Layout(numKv, ps, hd, *bits)
            raw = layout.random(batch * per)
            found = None
            for bk in (64, 32) if bits == (4, 4) else (32,):
                for splits in (4, 6, 12, 18, 33, 66):
                    if per / splits > 512 or splits > per:
                        continue
                    run = Decode(module, q, raw, table, [n] * batch, groups, splits, None, layout, stages, bk)
                    found = min(found or (1e9, 0), (bench(run, 3, 15), splits, bk))
            ms = found[0]
            codes += f"; int{bits[0]}/{bits[1]} {ms * 1e3:.0f} us {tb(sum(bits) * hd / 8 + 8, ms):.2f} TB/s (splits {found[1]}, bk {found[2]}) {best[0] / ms:.2f} x bf16"
            del raw, run
        print(f"decode {batch} x {n}: ours {best[0] * 1e3:.0f} us {tb(4 * hd, best[0]):.2f} TB/s (splits {best[1]}), cuDNN {b * 1e3:.0f} us {tb(4 * hd, b):.2f} TB/s, ratio {b / best[0]:.3f}{codes}", flush=True)
        del pages, k, v
        torch.cuda.empty_cache()


if __name__ == "__main__":
    print(driver.device_name(), flush=True)
    module = [Module(sys.argv[1]), Module(sys.argv[2])]
    (check if sys.argv[3] == "check" else timing)(module, int(sys.argv[4]) if len(sys.argv) > 4 else 2)
