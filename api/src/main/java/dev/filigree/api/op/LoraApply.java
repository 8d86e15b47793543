package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import java.util.ArrayList;
import java.util.List;

/**
 * Adds adapters to a linear's output: {@code y += sum_i strengths[i] * (x down_i^T) up_i^T} (LoRA section 4.1).
 * Beside a low-rank branch it adds, it never replaces it. Sums are fp32 or better and rounded once; an adapter of
 * strength 0 or rank 0 is not read and leaves every bit of y as it is.
 *
 * @param x {@code [numTokens, inFeatures]} f32, f16 or bf16, the linear's raw input
 * @param downs one {@code [rank_i, inFeatures]} f32, f16 or bf16 per adapter
 * @param ups one {@code [outFeatures, rank_i]} f32, f16 or bf16 per adapter
 * @param strengths {@code [numAdapters]} f32, alpha / rank times the user's strength
 * @param y {@code [numTokens, outFeatures]} f32, f16 or bf16, read and written
 */
public record LoraApply(TensorRef x, List<TensorRef> downs, List<TensorRef> ups, TensorRef strengths, TensorRef y)
        implements Op {

    /** Copies the lists and checks that they pair up. */
    public LoraApply {
        downs = List.copyOf(downs);
        ups = List.copyOf(ups);
        if (downs.size() != ups.size() || downs.isEmpty()) {
            throw new PlanException("LoraApply: needs as many ups as downs and at least one, not " + ups.size()
                    + " and " + downs.size());
        }
    }

    @Override
    public List<TensorRef> inputs() {
        List<TensorRef> all = new ArrayList<>(List.of(x, strengths));
        all.addAll(downs);
        all.addAll(ups);
        return all;
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(y);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl in = tensors.requireFloat(opName(), x);
        TensorDecl outDecl = tensors.requireFloat(opName(), y);
        tensors.requireExtent(opName(), tensors.get(strengths), 0, downs.size());
        for (int i = 0; i < downs.size(); i++) {
            TensorDecl down = tensors.requireRank(opName(), tensors.requireFloat(opName(), downs.get(i)), 2);
            TensorDecl up = tensors.requireRank(opName(), tensors.requireFloat(opName(), ups.get(i)), 2);
            tensors.requireExtent(opName(), down, 1, in.rowElements());
            tensors.requireExtent(opName(), up, 0, outDecl.rowElements());
            tensors.requireExtent(opName(), up, 1, down.capacity(0));
        }
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double flops = 0;
        for (int i = 0; i < downs.size(); i++) {
            TensorDecl down = tensors.get(downs.get(i));
            flops += 2.0
                    * down.capacity(0)
                    * (down.capacity(1) + tensors.get(ups.get(i)).capacity(0));
        }
        return Refs.perToken(tensors, load, List.of(x, y), outputs(), flops);
    }
}
