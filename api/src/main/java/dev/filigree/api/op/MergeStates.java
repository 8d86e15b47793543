package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * Merges attention states over disjoint key sets: {@code lse = log(sum_i exp(lse_i))},
 * {@code out = sum_i exp(lse_i - lse) out_i} (Flash-Decoding; FlashInfer section 2.2). A part with lse -inf is the
 * identity; if all are, out is 0 and lse -inf. The parts are folded in list order, so results repeat from run to run.
 *
 * @param outs one {@code [numTokens, numQoHeads, headDimVo]} f32, f16 or bf16 per part
 * @param lses one {@code [numTokens, numQoHeads]} f32 per part, natural log
 * @param out as the parts; may be one of them
 * @param lse as the parts; may be one of them
 */
public record MergeStates(List<TensorRef> outs, List<TensorRef> lses, TensorRef out, TensorRef lse) implements Op {

    /** Copies the lists and checks that they pair up. */
    public MergeStates {
        outs = List.copyOf(outs);
        lses = List.copyOf(lses);
        if (outs.isEmpty() || outs.size() != lses.size()) {
            throw new PlanException("MergeStates: needs as many lses as outs and at least one, not " + outs.size()
                    + " and " + lses.size());
        }
    }

    @Override
    public List<TensorRef> inputs() {
        List<TensorRef> all = new ArrayList<>(outs);
        all.addAll(lses);
        return all;
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(out, lse);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl outDecl = tensors.requireRank(opName(), tensors.requireFloat(opName(), out), 3);
        TensorDecl lseDecl = tensors.requireRank(opName(), tensors.require(opName(), lse, DType.F32), 2);
        tensors.requireExtent(opName(), lseDecl, 1, outDecl.capacity(1));
        for (int i = 0; i < outs.size(); i++) {
            TensorDecl part = tensors.requireRank(opName(), tensors.requireFloat(opName(), outs.get(i)), 3);
            tensors.requireExtent(opName(), part, 1, outDecl.capacity(1));
            tensors.requireExtent(opName(), part, 2, outDecl.capacity(2));
            TensorDecl partLse = tensors.requireRank(opName(), tensors.require(opName(), lses.get(i), DType.F32), 2);
            tensors.requireExtent(opName(), partLse, 1, outDecl.capacity(1));
        }
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double flops = 2.0 * outs.size() * tensors.get(out).rowElements();
        return Refs.perToken(tensors, load, inputs(), outputs(), flops);
    }
}
