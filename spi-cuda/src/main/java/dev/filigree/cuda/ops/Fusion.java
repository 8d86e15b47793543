package dev.filigree.cuda.ops;

import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Launch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Turns the ops of a plan into steps: most ops are one, neighbours that one set of launches does together are one as well. */
public final class Fusion {
    private final Plan plan;
    private final DeviceTraits device;

    /**
     * A step of a prepared plan.
     *
     * @param opName the op, or the first of those done together
     * @param choice its launches
     */
    public record Step(String opName, Choice.Chosen choice) {}

    private record Fused(int numOps, Choice.Chosen choice) {}

    private Fusion(Plan plan, DeviceTraits device) {
        this.plan = plan;
        this.device = device;
    }

    /** The steps of a plan all of whose ops have launches. */
    public static List<Step> steps(Plan plan, DeviceTraits device) {
        Fusion fusion = new Fusion(plan, device);
        List<Step> steps = new ArrayList<>();
        for (int at = 0; at < plan.ops().size(); ) {
            Op op = plan.ops().get(at);
            Optional<Fused> fused = fusion.at(at);
            if (fused.isPresent()) {
                steps.add(new Step(op.opName(), fused.get().choice));
                at += fused.get().numOps;
            } else {
                if (Choosers.choose(op, plan.tensors(), device) instanceof Choice.Chosen chosen) {
                    steps.add(new Step(op.opName(), chosen));
                }
                at++;
            }
        }
        return steps;
    }

    private Optional<Fused> at(int at) {
        return switch (plan.ops().get(at)) {
            case ActivationQuantize quantize -> layer(at, quantize);
            case LowBitLinear product -> productUp(at, product);
            default -> Optional.empty();
        };
    }

    private Optional<Fused> layer(int at, ActivationQuantize quantize) {
        int next = at + 1;
        Optional<LowRankDown> down = op(next, LowRankDown.class);
        next += down.isPresent() ? 1 : 0;
        Optional<LowBitLinear> product = op(next, LowBitLinear.class);
        if (product.isEmpty()) {
            return Optional.empty();
        }
        next++;
        Optional<LowRankUp> up = down.isPresent() ? op(next, LowRankUp.class) : Optional.empty();
        next += up.isPresent() ? 1 : 0;
        List<TensorRef> between = new ArrayList<>(quantize.outputs());
        down.ifPresent(d -> between.addAll(d.outputs()));
        if (!staysInside(between, at, next)) {
            return Optional.empty();
        }
        return fused(
                next - at,
                HopperLowBit.layer(new HopperLowBit.Layer(quantize, down, product.get(), up), plan.tensors(), device));
    }

    private Optional<Fused> productUp(int at, LowBitLinear product) {
        Optional<LowRankUp> up = op(at + 1, LowRankUp.class);
        return up.isEmpty() ? Optional.empty() : fused(2, HopperFewTokens.product(product, up, plan.tensors(), device));
    }

    /** Ids of a step of several ops are joined, as docs/kernel-names.md says. */
    private static Optional<Fused> fused(int numOps, Optional<Choice> choice) {
        return choice.filter(Choice.Chosen.class::isInstance)
                .map(Choice.Chosen.class::cast)
                .map(chosen -> new Fused(
                        numOps,
                        new Choice.Chosen(
                                chosen.launches().stream().map(Launch::symbol).collect(Collectors.joining("+")),
                                chosen.scratchBytes(),
                                chosen.launches())));
    }

    private <T extends Op> Optional<T> op(int at, Class<T> type) {
        return at < plan.ops().size() && type.isInstance(plan.ops().get(at))
                ? Optional.of(type.cast(plan.ops().get(at)))
                : Optional.empty();
    }

    /** Whether tensors are temporary and no op outside of the range reads them. */
    private boolean staysInside(List<TensorRef> refs, int from, int to) {
        for (TensorRef ref : refs) {
            if (plan.tensors().get(ref).role() != TensorRole.TEMP) {
                return false;
            }
            for (int i = 0; i < plan.ops().size(); i++) {
                if ((i < from || i >= to) && plan.ops().get(i).inputs().contains(ref)) {
                    return false;
                }
            }
        }
        return true;
    }
}
