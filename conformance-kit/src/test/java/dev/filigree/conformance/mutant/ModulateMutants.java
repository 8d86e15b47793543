package dev.filigree.conformance.mutant;

import dev.filigree.api.op.Modulate;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.util.List;

/** Defects of adaptive norms and gates. */
final class ModulateMutants {
    private ModulateMutants() {}

    static List<Mutant> all() {
        return List.of(
                Mutant.rewrite(
                        "offset of the scale forgotten",
                        Rule.R918,
                        Modulate.class,
                        op -> new Modulate(0, op.x(), op.qOffsets(), op.scale(), op.shift(), op.residual(), op.out())),
                Mutant.kernel(
                        "first sequence's modulation for all",
                        Rule.R919,
                        Modulate.class,
                        (op, view, honest) -> view.changed(op.qOffsets(), ModulateMutants::oneSequence, honest)));
    }

    private static void oneSequence(TensorData offsets) {
        int numTokens = offsets.getInt(offsets.numElements() - 1);
        for (int i = 1; i < offsets.numElements(); i++) {
            offsets.setInt(i, numTokens);
        }
    }
}
