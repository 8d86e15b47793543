package dev.filigree.cpu.vector;

import dev.filigree.api.host.HostFusion;
import dev.filigree.api.host.HostKernel;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.Gelu;
import dev.filigree.api.op.LowBitLinear;
import dev.filigree.api.op.LowRankDown;
import dev.filigree.api.op.LowRankUp;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Tensors;
import dev.filigree.cpu.vector.common.KernelSite;
import dev.filigree.cpu.vector.common.ScratchNeed;
import dev.filigree.cpu.vector.lanes.Lanes;
import dev.filigree.cpu.vector.lowbit.ProductUp;
import dev.filigree.cpu.vector.lowbit.QuantizeDown;
import dev.filigree.cpu.vector.parallel.WorkerPool;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Fuses the steps of a low-bit layer with a branch: quantize with down-projection, product with up-projection and GELU. */
final class VectorFusion implements HostFusion {
    private final WorkerPool pool;

    VectorFusion(WorkerPool pool) {
        this.pool = pool;
    }

    @Override
    public Optional<Fused> leading(List<Op> steps, Tensors tensors) {
        return switch (steps.getFirst()) {
            case ActivationQuantize quantize -> quantizeDown(quantize, steps, tensors);
            case LowBitLinear product -> productUp(product, steps, tensors);
            default -> Optional.empty();
        };
    }

    private Optional<Fused> quantizeDown(ActivationQuantize quantize, List<Op> steps, Tensors tensors) {
        if (steps.size() < 2
                || !(steps.get(1) instanceof LowRankDown down)
                || !down.x().equals(quantize.x())) {
            return Optional.empty();
        }
        ScratchNeed need = QuantizeDown.scratch(quantize, down, tensors);
        return Optional.of(fused(2, "quantize_down", need, site -> new QuantizeDown(quantize, down, site)));
    }

    private Optional<Fused> productUp(LowBitLinear product, List<Op> steps, Tensors tensors) {
        int taken = 1;
        Optional<LowRankUp> branch = Optional.empty();
        Optional<Gelu> gelu = Optional.empty();
        if (steps.size() > taken
                && steps.get(taken) instanceof LowRankUp up
                && up.y().equals(product.y())) {
            branch = Optional.of(up);
            taken++;
        }
        // only in place: another output may lie where codes of other tokens are still to be read
        if (steps.size() > taken
                && steps.get(taken) instanceof Gelu next
                && next.x().equals(product.y())
                && next.out().equals(product.y())) {
            gelu = Optional.of(next);
            taken++;
        }
        if (taken == 1) {
            return Optional.empty();
        }
        Optional<LowRankUp> up = branch;
        Optional<Gelu> activation = gelu;
        ScratchNeed need = ProductUp.scratch(product, up, tensors);
        String name = "low_bit_linear" + (up.isPresent() ? "_up" : "") + (activation.isPresent() ? "_gelu" : "");
        return Optional.of(fused(taken, name, need, site -> new ProductUp(product, up, activation, site)));
    }

    private Fused fused(int numSteps, String name, ScratchNeed need, Function<KernelSite, HostKernel> maker) {
        return new Fused(
                numSteps,
                name + "__vector" + Lanes.BITS,
                need.totalBytes(pool.numWorkers()),
                context -> maker.apply(new KernelSite(context, pool, need)));
    }
}
