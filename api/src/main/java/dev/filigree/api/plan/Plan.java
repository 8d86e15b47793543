package dev.filigree.api.plan;

import dev.filigree.api.op.Op;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Steps over symbolic tensors. A plan is a value: equal plans do equal work, printing it shows all of it.
 *
 * @param name what the plan is for, such as {@code decoder.prefill}
 * @param tensors every tensor any step names
 * @param ops the steps, in order
 */
public record Plan(String name, Tensors tensors, List<Op> ops) {

    /**
     * Checks every step against the declarations.
     *
     * @throws PlanException with the first contradiction
     */
    public Plan {
        ops = List.copyOf(ops);
        for (Op op : ops) {
            op.inputs().forEach(tensors::get);
            for (TensorRef out : op.outputs()) {
                TensorRole role = tensors.get(out).role();
                if (role == TensorRole.INPUT || role == TensorRole.WEIGHT) {
                    throw new PlanException(op.opName() + " writes tensor " + out + ", which is " + role);
                }
            }
            op.check(tensors);
        }
    }

    /** Names of the axes that each run must give. */
    public Set<String> variableAxes() {
        Set<String> names = new TreeSet<>();
        for (TensorDecl decl : tensors.all()) {
            decl.dims().stream().filter(Dim::variable).map(Dim::axis).forEach(names::add);
        }
        return names;
    }

    /** What the steps cost together under a workload. */
    public Cost cost(Workload workload) {
        Cost total = Cost.NONE;
        for (Op op : ops) {
            total = total.plus(op.cost(tensors, workload));
        }
        return total;
    }

    /** The plan as text: name, tensors that the caller binds, temporaries, numbered steps. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("plan ").append(name).append('\n');
        for (TensorRole role : TensorRole.values()) {
            String list = tensors.all().stream()
                    .filter(decl -> decl.role() == role)
                    .map(decl -> "    " + decl + "\n")
                    .collect(Collectors.joining());
            if (!list.isEmpty()) {
                text.append("  ")
                        .append(role.name().toLowerCase(java.util.Locale.ROOT))
                        .append('\n')
                        .append(list);
            }
        }
        text.append("  steps\n");
        for (int i = 0; i < ops.size(); i++) {
            text.append("    ").append(i).append(' ').append(ops.get(i)).append('\n');
        }
        return text.toString();
    }
}
