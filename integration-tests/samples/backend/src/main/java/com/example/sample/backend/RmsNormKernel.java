package com.example.sample.backend;

import dev.filigree.api.host.HostKernel;
import dev.filigree.api.host.HostKernelContext;
import dev.filigree.api.host.HostTensor;
import dev.filigree.api.op.RmsNorm;

/** {@code out = x / sqrt(mean(x^2) + eps) * weight} over the innermost axis. */
final class RmsNormKernel implements HostKernel {
    private final float eps;
    private final HostTensor x;
    private final HostTensor weight;
    private final HostTensor out;
    private final float[] vector;

    RmsNormKernel(RmsNorm op, HostKernelContext context) {
        eps = op.eps();
        x = context.tensor(op.x());
        weight = context.tensor(op.weight());
        out = context.tensor(op.out());
        vector = new float[Math.toIntExact(weight.extent(0))];
    }

    @Override
    public void run() {
        long end = x.extent(0) * x.rowElements();
        for (long element = 0; element < end; element += vector.length) {
            Vectors.read(x, element, vector);
            double factor = 1 / Math.sqrt(Vectors.dot(vector, vector) / vector.length + eps);
            for (int i = 0; i < vector.length; i++) {
                out.set(element + i, vector[i] * factor * weight.get(i));
            }
        }
    }
}
