"""Linear layers: checks against fp64 and timings beside bf16 cuBLAS. usage: linear.py CUBIN FEW_CUBIN ROWS_CUBIN DOWN_CUBIN DEQUANTIZE_CUBIN check|checkfew|bench|few [ROWS,TOKENS,SPLIT ...]"""

import ctypes
import statistics
import sys

import torch

import driver
from driver import BF16, Map, Module, relative, tensor_map, versus

P = ctypes.c_void_p
I = ctypes.c_int
DTYPES = {torch.float32: 0, torch.float16: 1, torch.bfloat16: 2}


class MatmulParams(ctypes.Structure):
    _fields_ = [("x", Map), ("w", Map)] + [(n, I) for n in "numRows numColumns depthBytes".split()] + [("reserved", I * 13)]


class LinearParams(ctypes.Structure):
    _fields_ = [("matmul", MatmulParams), ("y", P), ("bias", P), ("biasDtype", I), ("yDtype", I), ("reserved", I * 10)]


class RowsParams(ctypes.Structure):
    _fields_ = [("matmul", MatmulParams)] + [(n, P) for n in "y xScales wScales channelScales bias".split()] + [
        (n, I) for n in "yDtype xScaleDtype wScaleDtype channelScaleDtype biasDtype".split()
    ] + [("reserved", I)]


def operands(p, x, w):
    """Maps of two matrices of rows, in 16-bit units."""
    for name, t, rows in (("x", x, 128), ("w", w, 256)):
        pairs = t.shape[1] * t.element_size() // 2
        setattr(p, name, tensor_map(t.data_ptr(), BF16, [pairs, t.shape[0]], [pairs * 2], [64, rows]))
    p.numRows, p.numColumns, p.depthBytes = x.shape[0], w.shape[0], x.shape[1] * x.element_size()


MATMUL_SHARED = 1024 + 4 * 49152 + 64


class Linear:
    """y = x W^T + bias."""

    def __init__(self, module, x, w, bias=None, y_dtype=None):
        self.keep = (x, w, bias)
        self.module = module
        self.y = torch.full((x.shape[0], w.shape[0]), float("nan"), device="cuda", dtype=y_dtype or x.dtype)
        p = self.p = LinearParams()
        operands(p.matmul, x, w)
        p.y = self.y.data_ptr()
        p.bias = bias.data_ptr() if bias is not None else None
        p.biasDtype = DTYPES[bias.dtype] if bias is not None else 0
        p.yDtype = DTYPES[self.y.dtype]
        t = "bf16" if x.dtype == torch.bfloat16 else "f16"
        self.name = f"linear__x_{t}_w_{t}__bm128_bn256__sm90a"

    def __call__(self):
        self.module.launch(self.name, [driver.multiprocessors()], 384, MATMUL_SHARED, self.p)


class Rows:
    """8-bit codes with a scale per row of each side."""

    def __init__(self, module, x, w, xs, ws, bias=None, y_dtype=torch.bfloat16):
        self.keep = (x, w, xs, ws, bias)
        self.module = module
        self.y = torch.full((x.shape[0], w.shape[0]), float("nan"), device="cuda", dtype=y_dtype)
        p = self.p = RowsParams()
        operands(p.matmul, x, w)
        p.y, p.xScales, p.wScales = self.y.data_ptr(), xs.data_ptr(), ws.data_ptr()
        p.yDtype, p.xScaleDtype, p.wScaleDtype = DTYPES[y_dtype], DTYPES[xs.dtype], DTYPES[ws.dtype]
        if bias is not None:
            p.bias, p.biasDtype = bias.data_ptr(), DTYPES[bias.dtype]
        t = "f16" if y_dtype == torch.float16 else "bf16"
        self.name = f"low_bit_linear__x_i8_w_i8_y_{t}__bm128_bn256__sm90a"

    def __call__(self):
        self.module.launch(self.name, [driver.multiprocessors()], 384, MATMUL_SHARED, self.p)


class FewParams(ctypes.Structure):
    _fields_ = [(n, P) for n in "x w scales channelScales bias y hidden up".split()] + [
        (n, I)
        for n in "numTokens outFeatures inFeatures scaleDtype channelScaleDtype biasDtype upDtype yDtype rank xStride yStride reserved".split()
    ]


def quantize4(w, group=64):
    """Codes (as a pair per byte, low first), f16 scales and the numbers that they stand for."""
    n, k = w.shape
    groups = -(-k // group)
    padded = torch.nn.functional.pad(w.float(), (0, groups * group - k)).view(n, groups, group)
    scales = (padded.abs().amax(-1) / 7).half()
    scales = torch.where(scales == 0, torch.ones_like(scales), scales)
    codes = (padded / scales.float()[..., None]).round().clamp(-7, 7)
    value = (codes * scales.float()[..., None]).view(n, -1)[:, :k]
    c = codes.view(n, -1)[:, :k].to(torch.int16) & 15
    return (c[:, 0::2] | c[:, 1::2] << 4).to(torch.uint8).contiguous(), scales.contiguous(), value


class Few:
    def __init__(self, module, x, codes, scales, n, rows, tokens, split, bias=None, hidden=None, up=None):
        self.module = module
        m, k = x.shape
        self.y = torch.full((m, n), float("nan"), device="cuda", dtype=x.dtype)
        self.keep = (x, codes, scales, bias, hidden, up)
        p = self.p = FewParams()
        p.x, p.w, p.scales, p.y = x.data_ptr(), codes.data_ptr(), scales.data_ptr(), self.y.data_ptr()
        p.numTokens, p.outFeatures, p.inFeatures = m, n, k
        p.scaleDtype, p.yDtype = DTYPES[scales.dtype], DTYPES[x.dtype]
        if bias is not None:
            p.bias, p.biasDtype = bias.data_ptr(), DTYPES[bias.dtype]
        if hidden is not None:
            p.hidden, p.up, p.upDtype, p.rank = hidden.data_ptr(), up.data_ptr(), DTYPES[up.dtype], up.shape[1]
        p.xStride, p.yStride = k, n
        t = "bf16" if x.dtype == torch.bfloat16 else "f16"
        self.name = f"low_bit_linear__x_{t}_w_i4__few{tokens}_rows{rows}_split{split}__sm90a"
        self.grid = -(-n // rows) * split
        self.shared = 8 * 3 * rows * 100 + 4 * rows * tokens

    def __call__(self):
        self.module.launch(self.name, [self.grid], 256, self.shared, self.p)


class DownParams(ctypes.Structure):
    _fields_ = [(n, P) for n in "x down hidden".split()] + [(n, I) for n in "numTokens inFeatures rank reserved".split()]


class Down:
    """hidden = x down^T."""

    def __init__(self, module, x, down):
        self.module, self.keep = module, (x, down)
        self.hidden = torch.full((x.shape[0], down.shape[0]), float("nan"), device="cuda")
        p = self.p = DownParams()
        p.x, p.down, p.hidden = x.data_ptr(), down.data_ptr(), self.hidden.data_ptr()
        p.numTokens, p.inFeatures, p.rank = x.shape[0], x.shape[1], down.shape[0]
        t = "bf16" if x.dtype == torch.bfloat16 else "f16"
        self.name = f"low_rank_down__x_{t}_w_{t}__sm90a"
        self.grid = [8 * -(-x.shape[0] // 16), -(-down.shape[0] // 32)]

    def __call__(self):
        self.module.launch(self.name, self.grid, 256, 0, self.p)


def graph_us(calls, rounds=9):
    """Median microseconds of one call, all replayed in turn from one graph so that launches cost the device's time alone."""
    for c in calls:
        c()
    torch.cuda.synchronize()
    g = torch.cuda.CUDAGraph()
    with torch.cuda.graph(g):
        for c in calls:
            c()
    g.replay()
    torch.cuda.synchronize()
    times = []
    for _ in range(rounds):
        a, b = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        a.record()
        g.replay()
        b.record()
        b.synchronize()
        times.append(a.elapsed_time(b) * 1000 / len(calls))
    return statistics.median(times)


def report(name, out, ref, tolerance):
    err = relative(out, ref)
    good = err < tolerance
    print(f"{'ok  ' if good else 'FAIL'} {name} err {err:.2e}", flush=True)
    if not good:
        bad = ((out.double() - ref).abs() > 0.05 * ref.abs().mean() + 0.05 * ref.abs()) | out.isnan()
        print("   bad:", bad.sum().item(), bad.nonzero()[:6].tolist(), out.flatten()[:4].tolist(), ref.flatten()[:4].tolist())
    return good


def check_linear(mod):
    bad = 0
    shapes = [(128, 256, 64), (128, 256, 512), (256, 256, 256), (1, 8, 8), (127, 255, 72), (129, 257, 64), (300, 520, 1000), (1000, 1031, 200), (4096, 3072, 3072)]
    for dtype in (torch.bfloat16, torch.float16):
        for m, n, k in shapes:
            for y_dtype in (dtype, torch.float32):
                x, w = torch.randn(m, k, device="cuda").to(dtype), torch.randn(n, k, device="cuda").to(dtype)
                bias = torch.randn(n, device="cuda").to(dtype) * 10 if n % 2 else None
                run = Linear(mod, x, w, bias, y_dtype)
                run()
                torch.cuda.synchronize()
                ref = x.double() @ w.double().T + (bias.double() if bias is not None else 0)
                limit = {torch.float32: 1e-5, torch.float16: 5e-4, torch.bfloat16: 4e-3}[y_dtype]
                bad += not report(f"linear {run.name} {m}x{n}x{k} {y_dtype}", run.y, ref, limit)
    return bad


def check_rows(mod):
    bad = 0
    for m, n, k in [(128, 256, 128), (1, 8, 16), (129, 257, 144), (300, 520, 1040), (1000, 1031, 192), (4096, 3072, 3072)]:
        for y_dtype in (torch.bfloat16, torch.float16, torch.float32):
            x, w = (torch.randint(-128, 128, (r, k), device="cuda", dtype=torch.int8) for r in (m, n))
            xs, ws = torch.rand(m, device="cuda") * 1e-3, (torch.rand(n, device="cuda") * 1e-2).half()
            bias = torch.randn(n, device="cuda")
            run = Rows(mod, x, w, xs, ws, bias, y_dtype)
            run()
            torch.cuda.synchronize()
            ref = x.double() @ w.double().T * xs.double()[:, None] * ws.double()[None] + bias.double()
            limit = {torch.float32: 1e-6, torch.float16: 5e-4, torch.bfloat16: 4e-3}[y_dtype]
            bad += not report(f"rows {m}x{n}x{k} {y_dtype}", run.y, ref, limit)
    return bad


def check_others(down):
    bad = 0
    for m, k, rank in [(1, 64, 1), (16, 3072, 32), (17, 1000, 33), (300, 12288, 64), (5, 8, 7)]:
        for dtype in (torch.bfloat16, torch.float16):
            x, d = torch.randn(m, k, device="cuda").to(dtype), torch.randn(rank, k, device="cuda").to(dtype)
            run = Down(down, x, d)
            run()
            torch.cuda.synchronize()
            bad += not report(f"down {m}x{k} rank {rank}", run.hidden, x.double() @ d.double().T, 1e-5)
    return bad


def check_few(mod, variants):
    bad = 0
    for rows, tokens, split in variants:
        for m, n, k in [(1, 16, 128), (tokens, 64, 256), (tokens - 1, 97, 384), (3, 1000, 1152), (tokens, 3072, 3072), (1, 3072, 12288)]:
            x, w = torch.randn(m, k, device="cuda").bfloat16(), torch.randn(n, k, device="cuda") * 0.1
            codes, scales, value = quantize4(w)
            bias = torch.randn(n, device="cuda").bfloat16()
            hidden, up = torch.randn(m, 32, device="cuda"), torch.randn(n, 32, device="cuda").bfloat16()
            run = Few(mod, x, codes, scales, n, rows, tokens, split, bias, hidden, up)
            run()
            torch.cuda.synchronize()
            first = run.y.clone()
            run()
            torch.cuda.synchronize()
            ref = x.double() @ value.double().T + bias.double() + hidden.double() @ up.double().T
            bad += not report(f"few {rows} {tokens} {split} {m}x{n}x{k} stable {torch.equal(first, run.y)}", run.y, ref, 6e-3)
    return bad


SHAPES = [(3072, 3072), (12288, 3072), (3072, 12288), (4096, 4096), (14336, 4096), (4096, 14336)]


def bench_linear(mod, rows, m=4096):
    for n, k in SHAPES:
        x, w = torch.randn(m, k, device="cuda").bfloat16(), torch.randn(n, k, device="cuda").bfloat16()
        peer = lambda: torch.nn.functional.linear(x, w)
        tf = lambda ms: 2 * m * n * k / ms / 1e9
        a, b = versus(Linear(mod, x, w), peer, 2, 11)
        line = f"linear {m}x{k}->{n}: bf16 {a:.4f} ms {tf(a):.0f} TF, cuBLAS {b:.4f} ms {tf(b):.0f} TF, ratio {b / a:.3f};"
        x8, w8 = (torch.randint(-128, 128, (r, k), device="cuda", dtype=torch.int8) for r in (m, n))
        a, b = versus(Rows(rows, x8, w8, torch.ones(m, device="cuda"), torch.ones(n, device="cuda")), peer, 2, 11)
        c = driver.bench(lambda: torch._int_mm(x8, w8.T), 2, 7)
        print(line + f" w8a8 {a:.4f} ms {tf(a):.0f} TOP/s, bf16 cuBLAS {b:.4f} ms, ratio {b / a:.3f}, int8 cuBLAS {c:.4f} ms", flush=True)


def bench_few(mod, down, variants):
    for n, k in SHAPES:
        copies = max(2, int(400e6 // (n * k * 2)))
        ws = [torch.randn(n, k, device="cuda").bfloat16() for _ in range(copies)]
        packed = [quantize4(w)[:2] for w in ws[:2]]
        # As many separate copies of the low-bit weights as fit the same rotation: over 100 MB in any case.
        packed = [(packed[i % 2][0].clone(), packed[i % 2][1].clone()) for i in range(4 * copies)]
        for m in (1, 16):
            x = torch.randn(m, k, device="cuda").bfloat16()
            peer = graph_us([lambda w=w: torch.nn.functional.linear(x, w) for w in ws])
            hidden, up = torch.randn(m, 32, device="cuda"), torch.randn(n, 32, device="cuda").bfloat16()
            line = f"few {m}x{k}->{n}: cuBLAS {peer:.2f} us;"
            for rows, tokens, split in variants:
                if tokens < m:
                    continue
                for branch in ("", "+up", "+down+up"):
                    calls = [Few(mod, x, c, s, n, rows, tokens, split, None, *((hidden, up) if branch else ())) for c, s in packed]
                    if branch == "+down+up":
                        project = Down(down, x, torch.randn(32, k, device="cuda").bfloat16())
                        calls = [lambda c=c: (project(), c()) for c in calls]
                    us = graph_us(calls)
                    line += f" r{rows}t{tokens}s{split}{branch} {us:.2f} ({peer / us:.2f}x)"
            print(line, flush=True)
        del ws, packed


def main():
    mod, few, rows, down = (Module(path) for path in sys.argv[1:5])
    print(driver.device_name(), flush=True)
    mode = sys.argv[5]
    variants = [tuple(map(int, a.split(","))) for a in sys.argv[6:]] or [(16, 8, 1), (16, 8, 2), (32, 16, 1), (32, 16, 2)]
    if mode == "check":
        sys.exit(check_linear(mod) + check_rows(rows) + check_others(down) > 0)
    elif mode == "checkfew":
        sys.exit(check_few(few, variants) > 0)
    elif mode == "bench":
        bench_linear(mod, rows)
    else:
        bench_few(few, down, variants)


if __name__ == "__main__":
    main()
