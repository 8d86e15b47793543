"""Paged decode: checks and timings beside cuDNN. usage: decode.py CUBIN INT4_CUBIN check|bench"""

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


def quantize(x):
    """QServe section 5.1 as KvPrecision states it: codes, scale and zero (f16), and what they read back as."""
    x = x.float()
    step = (x.amax(-1, True) - x.amin(-1, True)) / 15
    scale, zero = step.half(), (-x.amin(-1, True) / step).half()
    codes = torch.clamp(torch.round(x / scale.float() + zero.float()), 0, 15)
    return codes.to(torch.uint8), scale[..., 0], zero[..., 0], scale.float() * (codes - zero.float())


class Decode:
    """pages [numPages, 2, numKv, pageSize, hd] 16-bit, or [numPages, pageBytes] u8 with 4-bit codes and a shape."""

    def __init__(self, module, q, pages, table, lengths, groups, splits, choice=None, int4=None):
        numSeqs, numQo, hd = q.shape
        self.module, self.hd = module, hd
        numKv, ps = int4 or pages.shape[2:4]
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
        if int4:
            code, param = numKv * ps * hd // 2, numKv * ps * 2
            p.kScaleOffset, p.kZeroOffset, p.vDataOffset = code, code + param, code + 2 * param
            p.vScaleOffset, p.vZeroOffset = p.vDataOffset + code, p.vDataOffset + code + param
            p.pageBytes = 2 * code + 4 * param
            assert param % 16 == 0
        p.scale, p.numSeqs, p.numGroups, p.groupSize = 1 / math.sqrt(hd), numSeqs, len(groups), numQo // numKv
        p.numQoHeads, p.numColumns, p.pageSize = numQo, table.shape[1], ps
        self.p = p
        t = "bf16" if q.dtype == torch.bfloat16 else "f16"
        self.merge = f"q_{t}_kv_{t}_o_{t}__hd{hd}"
        self.name = f"q_{t}_kv_int4_o_{t}__hd{hd}" if int4 else self.merge
        self.shared = (4 * 6 * 2176 if int4 else 4 * 3 * 2 * 16 * hd * 2) + 8 * p.pagesPerSplit
        assert self.shared >= 4 * 16 * hd * 4 + 512

    def __call__(self):
        p = self.p
        self.module[1 if "int4" in self.name else 0].launch("paged_decode__" + self.name, [p.numSplits, p.numGroups, p.numSeqs], 128, self.shared, p)
        heads = p.numSeqs * p.numGroups * p.groupSize
        self.module[0].launch("paged_decode_merge__" + self.merge, [-(-heads // 4)], 128, 0, p)


def check(module):
    bad = 0
    for name, dtype, hd, numQo, numKv, lengths, ps, splits, int4 in [
        ("short", torch.bfloat16, 128, 8, 2, [1, 15, 16, 17, 64, 65, 129], 64, 1, False),
        ("splits", torch.bfloat16, 128, 32, 8, [4000, 1, 777], 64, 7, False),
        ("mha f16", torch.float16, 128, 3, 3, [501, 100], 16, 3, False),
        ("int4", torch.float16, 128, 32, 8, [4000, 1, 777], 64, 7, True),
        ("int4 wide", torch.bfloat16, 128, 16, 1, [3000, 31], 48, 4, True),
        ("int4 bf16", torch.bfloat16, 128, 12, 4, [16, 129, 300], 32, 2, True),
        ("wide group", torch.bfloat16, 64, 16, 1, [5000, 4999], 32, 20, False),
    ]:
        random.seed(7)
        numPages = sum(-(-n // ps) for n in lengths)
        pages = torch.full((numPages + 3, 2, numKv, ps, hd), float("nan"), dtype=dtype, device="cuda")
        ids = random.sample(range(numPages + 3), numPages)
        cols = max(-(-n // ps) for n in lengths)
        table = torch.zeros(len(lengths), cols, dtype=torch.int32)
        codeBytes, paramBytes = numKv * ps * hd // 2, numKv * ps * 2
        raw = torch.full((numPages + 3, 2 * codeBytes + 4 * paramBytes), 255, dtype=torch.uint8, device="cuda")
        ks, vs, at = [], [], 0
        for s, n in enumerate(lengths):
            k, v = (torch.randn(n, numKv, hd, device="cuda").to(dtype) for _ in range(2))
            packed = [quantize(k), quantize(v)] if int4 else None
            ks.append(packed[0][3] if int4 else k)
            vs.append(packed[1][3] if int4 else v)
            for b in range(-(-n // ps)):
                table[s, b] = ids[at]
                part = slice(b * ps, min(n, (b + 1) * ps))
                pages[ids[at], 0, :, : part.stop - part.start] = k[part].transpose(0, 1)
                pages[ids[at], 1, :, : part.stop - part.start] = v[part].transpose(0, 1)
                for side, (codes, scale, zero, _) in enumerate(packed or []):
                    base = side * (codeBytes + 2 * paramBytes)
                    row, size = raw[ids[at]], part.stop - part.start
                    nibbles = codes[part].transpose(0, 1)
                    row[base : base + codeBytes].view(numKv, ps, hd // 2)[:, :size] = nibbles[..., 0::2] | nibbles[..., 1::2] << 4
                    for i, param in enumerate((scale, zero)):
                        begin = base + codeBytes + i * paramBytes
                        row[begin : begin + paramBytes].view(torch.float16).view(numKv, ps)[:, :size] = param[part].T
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
        run = Decode(module, q, raw if int4 else pages, table.cuda(), lengths, groups, splits, choice, (numKv, ps) if int4 else None)
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
                a = (ks[s][:, h // g].float() @ q[s, h].float()) / math.sqrt(hd)
                a = a.masked_fill(~see, -math.inf)
                rl[s, h] = torch.logsumexp(a, 0)
                ref[s, h] = torch.softmax(a, 0) @ vs[s][:, h // g].float()
        err, lerr = relative(run.out, ref), (run.lse - rl).abs().max().item()
        first = run.out.clone()
        run()
        good = err < (6e-3 if dtype == torch.bfloat16 else 1e-3) and lerr < 1e-3 and torch.equal(first, run.out)
        bad += not good
        print("ok  " if good else "FAIL", name, f"err {err:.2e} lse {lerr:.2e}", flush=True)
        if not good:
            print((run.out.float() - ref).norm(dim=-1).tolist()[:3])
    sys.exit(bad)


def timing(module):
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
        for splits in (8, 16, 33, 66, 132):
            if per // splits > 512 or splits > per:
                continue
            run = Decode(module, q, pages, table, [n] * batch, groups, splits)
            a = bench(run, 3, 15)
            best = min(best or (1e9, 0), (a, splits))
        b = min(b, bench(peer, 3, 15))
        raw = torch.randint(0, 256, (batch * per, 2 * numKv * ps * (hd // 2 + 4)), dtype=torch.uint8, device="cuda")
        for begin in (numKv * ps * hd // 2, numKv * ps * (hd + 4)):
            raw[:, begin : begin + numKv * ps * 2].view(torch.float16).fill_(0.2)
            raw[:, begin + numKv * ps * 2 : begin + numKv * ps * 4].view(torch.float16).fill_(7.5)
        four = None
        for splits in (8, 16, 33, 66):
            if per // splits > 512 or splits > per:
                continue
            run = Decode(module, q, raw, table, [n] * batch, groups, splits, None, (numKv, ps))
            four = min(four or (1e9, 0), (bench(run, 3, 15), splits))
        size = batch * n * numKv * hd * 4
        tb = lambda ms: size / ms / 1e9
        print(f"decode {batch} x {n}: ours {best[0] * 1e3:.0f} us {tb(best[0]):.2f} TB/s (splits {best[1]}), cuDNN {b * 1e3:.0f} us {tb(b):.2f} TB/s, ratio {b / best[0]:.3f}; int4 {four[0] * 1e3:.0f} us (splits {four[1]}), {best[0] / four[0]:.2f} x bf16", flush=True)
        del pages, k, v, raw, run
        torch.cuda.empty_cache()


if __name__ == "__main__":
    print(driver.device_name(), flush=True)
    module = [Module(sys.argv[1]), Module(sys.argv[2])]
    check(module) if sys.argv[3] == "check" else timing(module)
