"""The CUDA driver API through ctypes, as the Java backend calls it: modules, launches by value, tensor maps.

PyTorch owns the context; everything here runs on its current stream."""

import ctypes
import statistics

import torch

LIB = ctypes.CDLL("libcuda.so.1")


def check(code, what):
    if code != 0:
        name = ctypes.c_char_p()
        LIB.cuGetErrorName(code, ctypes.byref(name))
        raise RuntimeError(f"{what}: {name.value.decode() if name.value else code}")


class Map(ctypes.Structure):
    _fields_ = [("opaque", ctypes.c_uint64 * 16)]


BF16, F16, F32, U8, I32 = 9, 6, 7, 0, 4  # CUtensorMapDataType
SWIZZLES = {0: 0, 32: 1, 64: 2, 128: 3}


def tensor_map(address, dtype, dims, strides, box, swizzle=128, promotion=2, element_strides=None):
    """dims innermost first; strides in bytes of dims 1.. (dim 0 is dense)."""
    rank = len(dims)
    result = Map()
    holder = (ctypes.c_char * 192)()
    aligned = (ctypes.addressof(holder) + 63) // 64 * 64
    check(
        LIB.cuTensorMapEncodeTiled(
            ctypes.c_void_p(aligned),
            ctypes.c_int(dtype),
            ctypes.c_uint32(rank),
            ctypes.c_void_p(address),
            (ctypes.c_uint64 * rank)(*dims),
            (ctypes.c_uint64 * max(1, rank - 1))(*strides),
            (ctypes.c_uint32 * rank)(*box),
            (ctypes.c_uint32 * rank)(*(element_strides or [1] * rank)),
            ctypes.c_int(0),
            ctypes.c_int(SWIZZLES[swizzle]),
            ctypes.c_int(promotion),
            ctypes.c_int(0),
        ),
        f"cuTensorMapEncodeTiled {dims} {strides} {box}",
    )
    ctypes.memmove(ctypes.byref(result), aligned, 128)
    return result


class Module:
    def __init__(self, path):
        torch.cuda.init()
        torch.zeros(1, device="cuda")
        self.handle = ctypes.c_void_p()
        image = open(path, "rb").read()
        check(LIB.cuModuleLoadData(ctypes.byref(self.handle), image), f"load {path}")
        self.functions = {}

    def function(self, name, shared=0):
        if name not in self.functions:
            f = ctypes.c_void_p()
            check(LIB.cuModuleGetFunction(ctypes.byref(f), self.handle, name.encode()), name)
            self.functions[name] = f
        f = self.functions[name]
        if shared > 48 * 1024:
            check(LIB.cuFuncSetAttribute(f, ctypes.c_int(8), ctypes.c_int(shared)), f"shared memory of {name}")
        return f

    def launch(self, name, grid, block, shared, params):
        """params: one ctypes structure, passed by value."""
        f = self.function(name, shared)
        pointers = (ctypes.c_void_p * 1)(ctypes.addressof(params))
        grid = tuple(grid) + (1,) * (3 - len(grid))
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        check(
            LIB.cuLaunchKernel(f, *map(ctypes.c_uint, grid), block, 1, 1, shared, stream, pointers, None), f"launch {name}"
        )


def bench(call, warm=3, rounds=15, inner=1):
    """Median milliseconds of a call by events."""
    for _ in range(warm):
        call()
    torch.cuda.synchronize()
    times = []
    for _ in range(rounds):
        a, b = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        a.record()
        for _ in range(inner):
            call()
        b.record()
        b.synchronize()
        times.append(a.elapsed_time(b) / inner)
    return statistics.median(times)


def versus(ours, peer, warm=2, rounds=15):
    """Medians of two calls that take turns, so that clocks and heat are the same for both."""
    for _ in range(warm):
        ours()
        peer()
    times = ([], [])
    for _ in range(rounds):
        for i, call in enumerate((ours, peer)):
            times[i].append(bench(call, 0, 1))
    return statistics.median(times[0]), statistics.median(times[1])


def relative(out, ref):
    out, ref = out.double(), ref.double()
    return ((out - ref).norm() / ref.norm().clamp_min(1e-30)).item()


def multiprocessors():
    return torch.cuda.get_device_properties(0).multi_processor_count


def device_name():
    return torch.cuda.get_device_name(0)
