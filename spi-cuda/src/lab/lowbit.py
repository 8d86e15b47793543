"""Low-bit linear layers for many tokens: checks and timings beside bf16 cuBLAS. usage: lowbit.py GROUPS_CUBIN check|bench"""

import ctypes
import sys

import torch

import driver
from driver import BF16, Map, Module, tensor_map, versus
from linear import DTYPES, SHAPES, report

P = ctypes.c_void_p
I = ctypes.c_int
# e4m3 bytes of -8 to 7.
E4M3 = [0xD0, 0xCE, 0xCC, 0xCA, 0xC8, 0xC4, 0xC0, 0xB8, 0x00, 0x38, 0x40, 0x44, 0x48, 0x4A, 0x4C, 0x4E]


class GroupsParams(ctypes.Structure):
    _fields_ = [("x", Map), ("w", Map), ("hidden", Map), ("up", Map)] + [(n, P) for n in "xScales wScales y channelScales bias".split()] + [
        (n, I)
        for n in "numTokens outFeatures numSteps numBranchSteps xPitch wPitch yStride yDtype channelScaleDtype biasDtype".split()
    ] + [("reserved", I * 12)]


def slots(n):
    o = torch.arange(n)
    return (o & ~15) + (o >> 1 & 3) * 4 + (o >> 3 & 1) * 2 + (o & 1)


class Side:
    """Random codes of one side as the kernel wants them."""

    def __init__(self, rows, k, permute, worst=False):
        self.rows, steps = rows, -(-k // 128)
        codes = torch.randint(-7, 8, (rows, k), device="cuda") if not worst else torch.full((rows, k), 7, device="cuda")
        table = torch.tensor(E4M3, dtype=torch.uint8, device="cuda")
        self.bytes = torch.zeros(rows, steps * 128, dtype=torch.uint8, device="cuda")
        self.bytes[:, :k] = table[codes + 8]
        self.pitch = -(-rows // 128) * 128
        scales = (torch.rand(rows, -(-k // 64), device="cuda") * 0.02 + 0.01).half()
        self.scales = torch.zeros(2 * steps, self.pitch, device="cuda")
        order = slots(rows).cuda() if permute else torch.arange(rows, device="cuda")
        self.scales[: scales.shape[1], order] = scales.float().T
        self.values = codes.float() * scales.float().repeat_interleave(64, 1)[:, :k]


class Groups:
    def __init__(self, module, x, w, cluster, bias=None, hidden=None, up=None, grid=0):
        self.module = module
        p = self.p = GroupsParams()
        m, n = x.rows, w.rows
        self.y = torch.full((m, n), float("nan"), device="cuda", dtype=torch.bfloat16)
        rows, columns = cluster
        box = ([64, 128 // columns], [64, 128 // rows])
        pair = lambda t, b: tensor_map(t.data_ptr(), BF16, [t.shape[1] // 2, t.shape[0]], [t.shape[1]], b)
        p.x, p.w = pair(x.bytes, box[0]), pair(w.bytes, box[1])
        self.keep = [x, w, bias]
        if hidden is not None:
            high = hidden.bfloat16()
            h = torch.cat([high, (hidden - high.float()).bfloat16()], 1).contiguous()
            u = torch.cat([up, up], 1).contiguous()
            self.keep += [h, u]
            p.hidden, p.up = (tensor_map(t.data_ptr(), BF16, [64, t.shape[0]], [128], b) for t, b in zip((h, u), box))
            p.numBranchSteps = 1
        p.xScales, p.wScales, p.y = x.scales.data_ptr(), w.scales.data_ptr(), self.y.data_ptr()
        if bias is not None:
            p.bias, p.biasDtype = bias.data_ptr(), DTYPES[bias.dtype]
        p.numTokens, p.outFeatures, p.numSteps = m, n, x.bytes.shape[1] // 128
        p.xPitch, p.wPitch, p.yStride, p.yDtype = x.pitch, w.pitch, n, 2
        self.name = f"low_bit_linear__x_i4_w_i4__g64_cluster{rows}x{columns}__sm90a"
        self.grid = grid or driver.multiprocessors() // (rows * columns) * rows * columns

    def __call__(self):
        self.module.launch(self.name, [self.grid], 384, 1024 + 6 * 34816 + 96, self.p)


CLUSTERS = [(1, 1), (2, 1), (2, 2)]


def check(mod):
    bad = 0
    for cluster in CLUSTERS:
        for m, n, k in [(128, 128, 128), (128, 128, 1024), (1, 8, 64), (129, 136, 192), (300, 97, 320), (1000, 520, 3072), (4096, 3072, 3072)]:
            x, w = Side(m, k, False), Side(n, k, True)
            bias = torch.randn(n, device="cuda").bfloat16()
            hidden, up = torch.randn(m, 32, device="cuda"), torch.randn(n, 32, device="cuda").bfloat16()
            for branch in (False, True):
                run = Groups(mod, x, w, cluster, bias, *((hidden, up) if branch else ()))
                run()
                torch.cuda.synchronize()
                first = run.y.clone()
                run()
                torch.cuda.synchronize()
                ref = x.values.double() @ w.values.double().T + bias.double() + (hidden.double() @ up.double().T if branch else 0)
                bad += not report(f"groups {cluster} {m}x{n}x{k} branch {branch} stable {torch.equal(first, run.y)}", run.y, ref, 4e-3)
        # Sums of one group at their largest: exact, so 0.
        x, w = Side(128, 64, False, True), Side(128, 64, True, True)
        x.scales[:], w.scales[:] = 1, 1
        run = Groups(mod, x, w, cluster)
        run()
        torch.cuda.synchronize()
        print("largest sum", run.y.float().unique().tolist(), "expected", torch.tensor(3136.0).bfloat16().item())
    sys.exit(bad > 0)


def bench(mod, m=4096):
    for n, k in SHAPES:
        x, w = Side(m, k, False), Side(n, k, True)
        bx, bw = torch.randn(m, k, device="cuda").bfloat16(), torch.randn(n, k, device="cuda").bfloat16()
        hidden, up = torch.randn(m, 32, device="cuda"), torch.randn(n, 32, device="cuda").bfloat16()
        peer = lambda: torch.nn.functional.linear(bx, bw)
        line = f"groups {m}x{k}->{n}:"
        for cluster, grid in (((1, 1), 132), ((2, 1), 132), ((2, 1), 128), ((2, 1), 120), ((2, 2), 128), ((2, 2), 120), ((2, 2), 112)):
            for branch in (False, True):
                run = Groups(mod, x, w, cluster, None, *((hidden, up) if branch else ()), grid=grid)
                a, b = versus(run, peer, 2, 9)
                line += f" {cluster}/{grid}{'+up' if branch else ''} {a:.4f} ({b / a:.2f}x)"
        print(line + f" cuBLAS {b:.4f} ms", flush=True)


def main():
    mod = Module(sys.argv[1])
    print(driver.device_name(), flush=True)
    (check if sys.argv[2] == "check" else bench)(mod)


if __name__ == "__main__":
    main()
