package dev.filigree.conformance.mutant;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.LoraApply;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Defects of low-bit layers, low-rank branches and adapters. */
final class LowBitMutants {
    private LowBitMutants() {}

    static List<Mutant> all() {
        return List.of(
                Mutant.kernel("a code one too high", Rule.R811, ActivationQuantize.class, LowBitMutants::oneTooHigh),
                Mutant.kernel(
                        "bias of a low-bit layer forgotten",
                        Rule.R812,
                        LowBitLinear.class,
                        (op, view, honest) -> withoutBias(op, view, honest)),
                Mutant.rewrite(
                        "zeros of a weight forgotten", Rule.R813, LowBitLinear.class, op -> with(op, Optional.empty())),
                Mutant.kernel("integer sums pass through bf16", Rule.R814, LowBitLinear.class, (op, view, honest) -> {
                    honest.run();
                    coarse(view.get(op.y()));
                }),
                Mutant.kernel(
                        "first group's scale for all",
                        Rule.R817,
                        LowBitLinear.class,
                        (op, view, honest) -> view.changed(op.scales(), LowBitMutants::firstGroup, honest)),
                Mutant.kernel("low-rank branch replaces its output", Rule.R815, LowRankUp.class, (op, view, honest) -> {
                    view.get(op.y()).bytes().fill((byte) 0);
                    honest.run();
                }),
                Mutant.kernel(
                        "strength of the first adapter for all",
                        Rule.R816,
                        LoraApply.class,
                        (op, view, honest) -> view.changed(op.strengths(), t -> fill(t, t.get(0)), honest)),
                new Mutant(
                        "a fused layer loses its branch",
                        Rule.R818,
                        provider -> new DefectiveProvider(
                                provider, inner -> new BranchlessBackend(inner, LowBitMutants::isWholeLayer))),
                new Mutant(
                        "adapters take the place of a branch",
                        Rule.R819,
                        provider -> new DefectiveProvider(
                                provider, inner -> new BranchlessBackend(inner, LowBitMutants::hasAdapters))));
    }

    private static boolean isWholeLayer(Plan plan) {
        return plan.ops().size() > 1 && !hasAdapters(plan);
    }

    private static boolean hasAdapters(Plan plan) {
        return plan.ops().stream().anyMatch(LoraApply.class::isInstance);
    }

    /** Runs some plans without the second half of their low-rank branch. */
    private static final class BranchlessBackend extends DelegatingBackend {
        private final Predicate<Plan> which;

        BranchlessBackend(Backend inner, Predicate<Plan> which) {
            super(inner);
            this.which = which;
        }

        @Override
        public PreparedPlan prepare(Plan plan) {
            List<Op> kept = plan.ops().stream()
                    .filter(op -> !(which.test(plan) && op instanceof LowRankUp))
                    .toList();
            return inner.prepare(new Plan(plan.name(), plan.tensors(), kept));
        }
    }

    private static LowBitLinear with(LowBitLinear op, Optional<TensorRef> zeros) {
        return new LowBitLinear(
                op.weightFormat(),
                op.activationFormat(),
                op.x(),
                op.xScales(),
                op.xSums(),
                op.weight(),
                op.scales(),
                zeros,
                op.channelScales(),
                op.bias(),
                op.y());
    }

    private static void withoutBias(LowBitLinear op, RunView view, Runnable honest) {
        if (op.bias().isEmpty()) {
            honest.run();
            return;
        }
        view.changed(op.bias().get(), t -> t.bytes().fill((byte) 0), honest);
    }

    private static void oneTooHigh(ActivationQuantize op, RunView view, Runnable honest) {
        honest.run();
        TensorData codes = view.get(op.codes());
        if (op.format().codes() == DType.I8 && codes.numElements() > 0 && codes.get(0) < 127) {
            codes.setCode(0, (int) codes.get(0) + 1);
        }
    }

    private static void firstGroup(TensorData scales) {
        int groups = scales.extent(1);
        for (int i = 0; i < scales.numElements(); i++) {
            scales.set(i, scales.get((long) i / groups * groups));
        }
    }

    private static void coarse(TensorData tensor) {
        for (int i = 0; i < tensor.numElements(); i++) {
            tensor.set(i, Float.intBitsToFloat(Float.floatToRawIntBits(tensor.get(i)) >> 16 << 16));
        }
    }

    private static void fill(TensorData tensor, float value) {
        for (int i = 0; i < tensor.numElements(); i++) {
            tensor.set(i, value);
        }
    }
}
