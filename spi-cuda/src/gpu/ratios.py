"""Puts our times beside those of the peers that were measured in the same run, and beside what is asked of them.

    python3 ratios.py RATES PEERS        outputs of `filigree.sh --kit rates cuda` and of peers.py

A ratio above 1 means that we are faster. `goal` is what docs/performance.md asks for; a line that misses it says so.
"""

import sys

LAYER, SPARSE, ESTIMATE = 131072, (32768, 131072), {16: 14.0, 8: 25.0}


def times(path):
    """{what: (microseconds, share of the blocks read)} of the lines that were measured."""
    found = {}
    for line in open(path):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        try:
            found[cells[0]] = float(cells[1]), float(cells[2]) if len(cells) > 3 else 1.0
        except (IndexError, ValueError):
            pass
    return found


class Table:
    def __init__(self, ours, peers):
        self.ours, self.peers = ours, peers
        self.rows = []

    def us(self, key):
        return self.ours.get(key, (None, None))[0]

    def add(self, key, mine, peer, peer_name, ratio, goal, good):
        cell = lambda x: "unmeasured" if x is None else f"{x:,.1f}"
        verdict = "unmeasured" if ratio is None else "-" if good is None else "yes" if good(ratio) else "NO"
        self.rows.append((key, cell(mine), cell(peer), peer_name, "-" if ratio is None else f"{ratio:.2f}", goal, verdict))

    def faster(self, key, base, name, least):
        """How many times faster we are than what took `base`; `least` None: nothing is asked for."""
        mine = self.us(key)
        ratio = base / mine if mine and base else None
        goal, good = ("-", None) if least is None else (f"at least {least}", lambda r: r >= least)
        self.add(key, mine, base, name, ratio, goal, good)

    def versus(self, key, peer_key, least, name):
        self.faster(key, self.peers.get(peer_key, (None,))[0], f"{name}: {peer_key}", least)

    def versus_ours(self, key, other, least):
        self.faster(key, self.us(other), f"ours: {other}", least)


def prefill(t):
    for tokens in (4096, 8192, 16384, 32768, 65536, 131072):
        t.versus(f"prefill dense {tokens}", f"prefill dense {tokens}", 0.9, "cuDNN")
    for tokens in SPARSE:
        dense = t.us(f"prefill dense {tokens}")
        for density in (0.2, 0.1, 0.05):
            key = f"prefill sparse {density} {tokens}"
            mine, share = t.ours.get(key, (None, None))
            allowed = dense * share if dense and share else None
            ratio = mine / allowed if mine and allowed else None
            t.add(key, mine, allowed, "ours: density x dense", ratio, "at most 1.15", lambda r: r <= 1.15)
    for stride, most in ESTIMATE.items():
        key = f"prefill estimate S={stride} {LAYER}"
        mine = t.us(key)
        ratio = mine / 1e3 if mine else None
        t.add(key, mine, None, "milliseconds", ratio, f"at most {most}", lambda r, most=most: r <= most)
        t.versus(f"prefill xattention S={stride} {LAYER}", f"prefill dense {LAYER}", 8 if stride == 16 else None, "cuDNN")


def decode(t):
    for shape in ("1 x 131072", "8 x 32768", "8 x 131072"):
        t.versus(f"decode dense bf16 {shape}", f"decode dense bf16 {shape}", 0.93 if shape == "8 x 131072" else None, "cuDNN")
        t.versus_ours(f"decode dense int8 {shape}", f"decode dense bf16 {shape}", None)
        t.versus_ours(f"decode dense int4 {shape}", f"decode dense bf16 {shape}", 3 if shape == "8 x 131072" else None)
        for precision in ("int8", "int4"):
            key = f"decode lserve {precision} {shape}"
            chosen, reused = (t.us(f"decode lserve {how} {precision} {shape}") for how in ("chosen", "reused"))
            if chosen and reused:  # a list is chosen every fourth step
                t.ours[key] = (chosen + 3 * reused) / 4, 1.0
            t.versus(key, f"decode dense bf16 {shape}", 10 if shape == "8 x 131072" else None, "cuDNN")


def linear(t):
    for shape in ("4096 x 3072 x 12288", "4096 x 12288 x 3072", "4096 x 4096 x 4096", "4096 x 4096 x 14336"):
        t.versus(f"linear bf16 {shape}", f"linear bf16 {shape}", 0.9, "cuBLAS")
        for storage, least in (("w4a4 rank32", 1.5), ("w4a8", None), ("w8a8", None)):
            t.versus(f"linear {storage} {shape}", f"linear bf16 {shape}", least, "cuBLAS")
        mine, plain = t.us(f"linear w4a4 rank32 {shape}"), t.us(f"linear w4a4 {shape}")
        over = mine / plain - 1 if mine and plain else None
        t.add(f"low-rank overhead {shape}", mine, plain, f"ours: linear w4a4 {shape}", over, "under 0.10", lambda r: r < 0.1)
    for shape in ("1 x 4096 x 4096", "1 x 4096 x 14336", "16 x 4096 x 4096", "16 x 4096 x 14336"):
        t.versus(f"linear bf16 {shape}", f"linear bf16 {shape}", 0.9, "cuBLAS")
        t.versus(f"linear w4a16 {shape}", f"linear bf16 {shape}", 1.8, "cuBLAS")


def main():
    table = Table(times(sys.argv[1]), times(sys.argv[2]))
    for part in (prefill, decode, linear):
        part(table)
    print("| what | ours, us | beside, us | which is | ratio | goal | met |\n|---|---|---|---|---|---|---|")
    for row in table.rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
