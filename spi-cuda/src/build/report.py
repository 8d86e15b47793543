"""Reads ptxas -v: one line per kernel and target, and an error for each that spills beyond its budget."""
import re
import sys

log, budgets, out = sys.argv[1:4]
budget = {}
for line in open(budgets):
    if line.strip() and not line.startswith("#"):
        kernel, spill = line.split()
        budget[kernel] = int(spill)

kernel = target = None
lines, errors, spills = [], [], (0, 0, 0)
for line in open(log):
    if match := re.search(r"Compiling entry function '(\w+)' for '(\w+)'", line):
        kernel, target = match.groups()
    elif match := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
        spills = tuple(map(int, match.groups()))
    elif kernel and (match := re.search(r"Used (\d+) registers", line)):
        shared = re.search(r"(\d+) bytes smem", line)
        lines.append(
            f"{kernel} {target}: {match.group(1)} registers, {shared.group(1) if shared else 0} bytes shared, "
            f"{spills[1] + spills[2]} bytes spilled, {spills[0]} bytes stack")
        allowed = budget.get(kernel, budget["*"])
        if spills[1] + spills[2] > allowed:
            errors.append(f"{kernel} for {target} spills {spills[1] + spills[2]} bytes, its budget is {allowed}")
        kernel = None
open(out, "w").write("\n".join(sorted(lines)) + "\n")
if errors:
    sys.exit("kernels: " + "\nkernels: ".join(errors))
