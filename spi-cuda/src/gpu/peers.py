"""What PyTorch does on the same GPU: cuDNN's attention and cuBLAS' products, one line per shape as `| key | microseconds | rate |`.

    python3 peers.py [prefill] [decode] [linear]        no word: all

The keys are those of `filigree.sh --kit rates cuda`; ratios.py puts both beside each other. Times are medians of rounds; a
round is several calls between two events, so that the time to launch hides behind the work before. Decode and the products of few
tokens are a graph of several calls on buffers of their own, together beyond the L2 cache, as the layers of a model are.
"""

import statistics
import sys

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

QO_HEADS, KV_HEADS, DIM = 32, 8, 128
PREFILL = (4096, 8192, 16384, 32768, 65536, 131072)
DECODE = ((1, 8192), (1, 32768), (1, 131072), (8, 8192), (8, 32768), (8, 131072))
LINEARS = (
    (4096, 3072, 12288), (4096, 12288, 3072), (4096, 4096, 4096), (4096, 4096, 14336),
    (1, 4096, 4096), (1, 4096, 14336), (16, 4096, 4096), (16, 4096, 14336),
)
BEYOND_CACHE = 256 << 20
ROUND_MS = 20


def rand(*shape):
    return torch.randn(*shape, device="cuda", dtype=torch.bfloat16)


def timed(call, inner):
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for _ in range(inner):
        call()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / inner


def median_ms(call, rounds=7):
    call()
    torch.cuda.synchronize()
    inner = max(1, min(50, int(ROUND_MS / max(timed(call, 1), 1e-3))))
    return statistics.median(timed(call, inner) for _ in range(rounds))


def graph(calls):
    """One replay runs every call once."""
    for call in calls:  # plans and workspaces are made outside of the recording
        call()
    torch.cuda.synchronize()
    recording = torch.cuda.CUDAGraph()
    with torch.cuda.graph(recording):
        for call in calls:
            call()
    return recording.replay


def row(key, ms, rate):
    print(f"| {key} | {ms * 1e3:.1f} | {rate} |", flush=True)


def prefill():
    for tokens in PREFILL:
        q, k, v = rand(1, QO_HEADS, tokens, DIM), rand(1, KV_HEADS, tokens, DIM), rand(1, KV_HEADS, tokens, DIM)
        with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
            ms = median_ms(
                lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True), 3 if tokens > 65536 else 7
            )
        row(f"prefill dense {tokens}", ms, f"{2 * QO_HEADS * tokens * tokens * DIM / ms / 1e9:.0f} TFLOP/s")


def decode():
    for batch, tokens in DECODE:
        bytes_read = 2 * 2 * batch * KV_HEADS * tokens * DIM
        layers = max(1, BEYOND_CACHE // bytes_read)
        q = rand(batch, QO_HEADS, 1, DIM)
        kv = [(rand(batch, KV_HEADS, tokens, DIM), rand(batch, KV_HEADS, tokens, DIM)) for _ in range(layers)]
        with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
            calls = [lambda k=k, v=v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True) for k, v in kv]
            ms = median_ms(graph(calls)) / layers
        row(f"decode dense bf16 {batch} x {tokens}", ms, f"{bytes_read / ms / 1e6:.0f} GB/s")


def linear():
    for m, k, n in LINEARS:
        layers = max(1, BEYOND_CACHE // (2 * k * n)) if m <= 16 else 1
        x = rand(m, k)
        weights = [rand(n, k) for _ in range(layers)]
        ms = median_ms(graph([lambda w=w: F.linear(x, w) for w in weights])) / layers
        rate = f"{2 * k * n / ms / 1e6:.0f} GB/s of weights" if m <= 16 else f"{2 * m * k * n / ms / 1e9:.0f} TFLOP/s"
        row(f"linear bf16 {m} x {k} x {n}", ms, rate)


if __name__ == "__main__":
    torch.manual_seed(1)
    print(f"peers on {torch.cuda.get_device_name()}: torch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}")
    print("| what | us | rate |\n|---|---|---|")
    failed = 0
    for word in sys.argv[1:] or ("prefill", "decode", "linear"):
        try:
            {"prefill": prefill, "decode": decode, "linear": linear}[word]()
        except Exception as e:  # one peer that fails must not hide the others
            failed = 1
            print(f"{word} failed: {type(e).__name__}: {e}".replace("\n", " "), flush=True)
        torch.cuda.empty_cache()
    sys.exit(failed)
