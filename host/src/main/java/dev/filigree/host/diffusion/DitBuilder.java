package dev.filigree.host.diffusion;

import dev.filigree.api.linear.LinearPlan;
import dev.filigree.api.linear.LinearProblem;
import dev.filigree.api.op.Add;
import dev.filigree.api.op.Embedding;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.Renaming;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The vocabulary of both plans: gathered rows, weights, and linear layers as their policy plans them. */
final class DitBuilder {
    private final DitPlanner parts;
    private final PlanBuilder builder;
    private final boolean observe;
    private final Set<String> schemes = new TreeSet<>();

    DitBuilder(String name, DitPlanner parts, boolean observe) {
        this.parts = parts;
        this.builder = new PlanBuilder(name);
        this.observe = observe;
    }

    PlanBuilder plan() {
        return builder;
    }

    Set<String> schemes() {
        return schemes;
    }

    /** A temporary of the activations' dtype. */
    TensorRef temp(String name, Dim... dims) {
        return builder.temp(name, parts.activations(), dims);
    }

    TensorRef ints(String name, Dim dim) {
        return builder.declare(name, TensorRole.INPUT, DType.I32, dim);
    }

    /** A tensor of the checkpoint. */
    TensorRef weight(String name, Dim... dims) {
        return builder.declare(name, TensorRole.WEIGHT, parts.weightType().apply(name), dims);
    }

    /** Appends rows of a table by index, in the dtype of the target. */
    TensorRef rows(TensorRef table, TensorRef ids, TensorRef out) {
        builder.add(new Embedding(table, ids, out));
        return out;
    }

    /** Appends {@code out = a + rows of a table}. */
    TensorRef plusRows(TensorRef a, TensorRef table, TensorRef ids, TensorRef rows, TensorRef out) {
        builder.add(new Embedding(table, ids, rows));
        builder.add(new Add(a, rows, out));
        return out;
    }

    /** Appends a linear layer outside of the blocks. */
    void linear(String name, TensorRef x, Dim rows, TensorRef y) {
        append(name, x, rows, y);
    }

    /** Appends the linear layers of a group, and shows their input where asked to. */
    void group(DitGroup group, TensorRef x, Dim rows, List<TensorRef> ys) {
        if (observe) {
            TensorRef seen = builder.declare(
                    DitTensors.observed(group.name()),
                    TensorRole.OUTPUT,
                    DType.F32,
                    rows,
                    Dim.fixed("inFeatures", group.inFeatures()));
            TensorRef each = ints(DitTensors.each(rows.axis()), rows);
            builder.add(new Embedding(x, each, seen));
        }
        for (int i = 0; i < ys.size(); i++) {
            schemes.add(append(group.linears().get(i).name(), x, rows, ys.get(i)));
        }
    }

    private String append(String name, TensorRef x, Dim rows, TensorRef y) {
        LinearPlan plan = parts.linear()
                .plan(new LinearProblem(
                        name,
                        builder.decl(x).rowElements(),
                        builder.decl(y).rowElements(),
                        true,
                        parts.weightType().apply(name + ".weight"),
                        parts.activations(),
                        rows.capacity(),
                        parts.storage().apply(name)));
        Map<TensorRef, TensorRef> joined = Map.of(LinearPlan.X, x, LinearPlan.Y, y);
        builder.inline(plan.plan(), new Renaming(joined, name + ".", Map.of("numTokens", rows.axis())));
        return plan.scheme();
    }
}
