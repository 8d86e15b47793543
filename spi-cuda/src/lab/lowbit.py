"""Low-bit linear layers for many tokens: checks and timings beside bf16 cuBLAS. usage: lowbit.py GROUPS_CUBIN QUANTIZE_CUBIN check|bench"""

import ctypes
import sys

import torch

import driver
from driver import BF16, Map, Module, tensor_map, versus
from linear import DTYPES, SHAPES, quantize4, report

P = ctypes.c_void_p
I = ctypes.c_int
class GroupsParams(ctypes.Structure):
    _fields_ = [("x", Map), ("w", Map), ("hidden", Map), ("up", Map)] + [(n, P) for n in "xScales wScales y channelScales bias".split()] + [
        (n, I)
        for n in "numTokens outFeatures numSteps numBranchSteps xPitch wPitch yStride yDtype channelScaleDtype biasDtype".split()
    ] + [("reserved", I * 12)]


class WidenParams(ctypes.Structure):
    _fields_ = [(n, P) for n in "codes scales wide wideScales up wideUp".split()] + [
        (n, I) for n in "numRows columns numSteps pitch scaleDtype slots upDtype rank branchSteps reserved".split()
    ]


class QuantizeParams(ctypes.Structure):
    _fields_ = [(n, P) for n in "x smooth down codes scales hidden".split()] + [
        (n, I) for n in "numTokens inFeatures numSteps pitch smoothDtype scaleDtype".split()
    ] + [("shift", ctypes.c_float)] + [(n, I) for n in "rank branchSteps blocks".split()]


class BeforeParams(ctypes.Structure):
    _fields_ = [("quantize", QuantizeParams), ("widen", WidenParams)]


class Layer:
    """The whole of a W4A4 layer from x to y: quantize and project down, widen the weight, product and up."""

    def __init__(self, modules, x, codes, scales, smooth=None, down=None, up=None, bias=None):
        self.groups, self.quantize = modules
        m, k = x.shape
        n = codes.shape[0]
        steps = -(-k // 128)
        new = lambda *shape, dtype=torch.uint8: torch.empty(*shape, dtype=dtype, device="cuda")
        self.x8, self.w8 = new(m, steps * 128), new(n, steps * 128)
        mp, np_ = -(-m // 128) * 128, -(-n // 128) * 128
        self.xs, self.ws = new(2 * steps, mp, dtype=torch.float32), new(2 * steps, np_, dtype=torch.float32)
        rank = down.shape[0] if down is not None else 0
        self.branch = -(-rank // 32) * (2 if up is not None and up.dtype == torch.float16 else 1)
        self.hidden, self.up = new(m, 64 * max(1, self.branch), dtype=torch.bfloat16), new(n, 64 * max(1, self.branch), dtype=torch.bfloat16)
        self.y = torch.full((m, n), float("nan"), device="cuda", dtype=torch.bfloat16)
        self.before = BeforeParams()
        q = self.q = self.before.quantize
        q.x, q.codes, q.scales, q.hidden = (t.data_ptr() for t in (x, self.x8, self.xs, self.hidden))
        q.smooth, q.smoothDtype = (smooth.data_ptr(), DTYPES[smooth.dtype]) if smooth is not None else (None, 0)
        q.down = down.data_ptr() if rank else None
        q.numTokens, q.inFeatures, q.numSteps, q.pitch, q.scaleDtype, q.rank, q.branchSteps = m, k, steps, mp, 1, rank, self.branch
        q.blocks = -(-m // 16)
        w = self.w = self.before.widen
        w.codes, w.scales, w.wide, w.wideScales, w.wideUp = (t.data_ptr() for t in (codes, scales, self.w8, self.ws, self.up))
        w.up, w.upDtype = (up.data_ptr(), DTYPES[up.dtype]) if rank else (None, 0)
        w.numRows, w.columns, w.numSteps, w.pitch, w.scaleDtype, w.slots, w.rank, w.branchSteps = n, k, steps, np_, DTYPES[scales.dtype], 1, rank, self.branch
        p = self.p = GroupsParams()
        pair = lambda t: tensor_map(t.data_ptr(), BF16, [t.shape[1] * t.element_size() // 2, t.shape[0]], [t.shape[1] * t.element_size()], [64, 128])
        p.x, p.w, p.hidden, p.up = pair(self.x8), pair(self.w8), pair(self.hidden), pair(self.up)
        p.xScales, p.wScales, p.y = self.xs.data_ptr(), self.ws.data_ptr(), self.y.data_ptr()
        if bias is not None:
            p.bias, p.biasDtype = bias.data_ptr(), DTYPES[bias.dtype]
        p.numTokens, p.outFeatures, p.numSteps, p.numBranchSteps = m, n, steps, self.branch
        p.xPitch, p.wPitch, p.yStride, p.yDtype = mp, np_, n, 2
        self.keep = (x, codes, scales, smooth, down, up, bias)
        self.t = "bf16" if x.dtype == torch.bfloat16 else "f16"
    def prepare(self, widen_blocks=4):
        name = f"activation_quantize__x_{self.t}_o_e4m3__g64__down__sm90a"
        self.quantize.launch(name, [self.q.blocks + widen_blocks * driver.multiprocessors()], 256, 0, self.before)

    def multiply(self):
        self.groups.launch(GROUPS, [driver.multiprocessors()], 384, 1024 + 6 * 34816 + 96, self.p)

    def __call__(self):
        self.prepare()
        self.multiply()


GROUPS = "low_bit_linear__x_i4_w_i4__g64__bm128_bn128__sm90a"


def quantize_x(x, smooth):
    """The numbers that codes of activation_quantize stand for."""
    v = x.float() / (smooth.float() if smooth is not None else 1)
    m, k = v.shape
    groups = -(-k // 64)
    v = torch.nn.functional.pad(v, (0, groups * 64 - k)).view(m, groups, 64)
    s = (v.abs().amax(-1) / 7).half().float()
    s = torch.where(s == 0, torch.ones_like(s), s)[..., None]
    return ((v / s).round().clamp(-7, 7) * s).view(m, -1)[:, :k]


def check_layer(modules):
    bad = 0
    for dtype in (torch.bfloat16, torch.float16):
        for m, n, k, rank in [(128, 128, 128, 32), (1, 8, 64, 16), (17, 40, 160, 32), (300, 520, 1088, 33), (1000, 1031, 3072, 32), (130, 264, 256, 0)]:
            x = torch.randn(m, k, device="cuda").to(dtype)
            x[:, 3] *= 30
            smooth = torch.rand(k, device="cuda").to(dtype) + 0.5
            codes, scales, value = quantize4(torch.randn(n, k, device="cuda") * 0.1)
            down, up = (torch.randn(rank, k, device="cuda") / 30).to(dtype), torch.randn(n, rank, device="cuda").to(dtype)
            bias = torch.randn(n, device="cuda").to(dtype)
            run = Layer(modules, x, codes, scales, smooth, *((down, up) if rank else (None, None)), bias)
            run()
            torch.cuda.synchronize()
            first = run.y.clone()
            run()
            torch.cuda.synchronize()
            ref = quantize_x(x, smooth).double() @ value.double().T + bias.double()
            if rank:
                ref += x.double() @ down.double().T @ up.double().T
            bad += not report(f"layer {dtype} {m}x{k}->{n} rank {rank} stable {torch.equal(first, run.y)}", run.y, ref, 4e-3)
    return bad


def bench_layer(modules, m=4096):
    for n, k in SHAPES:
        x, wb = torch.randn(m, k, device="cuda").bfloat16(), torch.randn(n, k, device="cuda").bfloat16()
        codes, scales, _ = quantize4(wb)
        smooth = torch.rand(k, device="cuda").bfloat16() + 0.5
        down, up = torch.randn(32, k, device="cuda").bfloat16(), torch.randn(n, 32, device="cuda").bfloat16()
        peer = lambda: torch.nn.functional.linear(x, wb)
        line = f"layer {m}x{k}->{n}:"
        for low in (None, down):
            run = Layer(modules, x, codes, scales, smooth, low, up if low is not None else None)
            a, b = versus(run, peer, 2, 9)
            parts = [driver.bench(f, 2, 7) for f in (run.prepare, lambda: run.prepare(16), run.multiply)]
            line += f" rank {0 if low is None else 32} {a:.4f} ({b / a:.2f}x; before {parts[0]:.4f} or {parts[1]:.4f}, product {parts[2]:.4f});"
        print(line + f" cuBLAS {b:.4f} ms", flush=True)


def check_largest(modules):
    """Codes of 7 everywhere: sums of a group at their largest, which are exact."""
    x = torch.full((128, 64), 7.0, device="cuda").bfloat16()
    codes = torch.full((128, 32), 0x77, device="cuda", dtype=torch.uint8)
    run = Layer(modules, x, codes, torch.ones(128, 1, device="cuda").half())
    run()
    torch.cuda.synchronize()
    print("ok   largest sum" if run.y.float().unique().tolist() == [3136.0] else f"FAIL largest sum {run.y.float().unique().tolist()}")


def main():
    modules = [Module(path) for path in sys.argv[1:3]]
    print(driver.device_name(), flush=True)
    if sys.argv[3] == "check":
        check_largest(modules)
        sys.exit(check_layer(modules) > 0)
    bench_layer(modules)


if __name__ == "__main__":
    main()
