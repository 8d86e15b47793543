package com.example.sample.backend;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.Linear;
import java.util.Optional;

/** {@code y = x W^T + b}. Tokens go in blocks, so that a weight row is converted once per block. */
final class LinearKernel implements HostKernel {
    private static final int BLOCK_TOKENS = 64;

    private final HostTensor x;
    private final HostTensor weight;
    private final Optional<HostTensor> bias;
    private final HostTensor y;
    private final float[][] rows;
    private final float[] weightRow;

    LinearKernel(Linear op, HostKernelContext context) {
        x = context.tensor(op.x());
        weight = context.tensor(op.weight());
        bias = op.bias().map(context::tensor);
        y = context.tensor(op.y());
        weightRow = new float[Math.toIntExact(weight.extent(1))];
        rows = new float[BLOCK_TOKENS][weightRow.length];
    }

    @Override
    public void run() {
        for (long first = 0; first < x.extent(0); first += BLOCK_TOKENS) {
            int numTokens = (int) Math.min(BLOCK_TOKENS, x.extent(0) - first);
            for (int t = 0; t < numTokens; t++) {
                Vectors.read(x, x.at(first + t), rows[t]);
            }
            for (long o = 0; o < weight.extent(0); o++) {
                Vectors.read(weight, weight.at(o), weightRow);
                double offset = bias.isPresent() ? bias.get().get(o) : 0;
                for (int t = 0; t < numTokens; t++) {
                    y.set(y.at(first + t) + o, offset + Vectors.dot(rows[t], weightRow));
                }
            }
        }
    }
}
