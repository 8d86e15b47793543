package dev.filigree.conformance.mutant;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.op.Op;
import dev.filigree.conformance.rule.Rule;
import java.util.function.UnaryOperator;

/**
 * A backend that is right but for one defect.
 *
 * @param name the defect
 * @param rule the rule that must find it
 * @param defect puts the defect into a provider
 */
record Mutant(String name, Rule rule, UnaryOperator<BackendProvider> defect) {

    /** What a defective kernel does instead of the honest one. */
    interface Kernel<O extends Op> {
        /** Runs an op that is the only step of its plan. */
        void run(O op, RunView view, Runnable honest);
    }

    /** A kernel of one op is defective. */
    static <O extends Op> Mutant kernel(String name, Rule rule, Class<O> type, Kernel<O> kernel) {
        return new Mutant(name, rule, provider -> new MutantProvider(provider, MutantProvider.kernel(type, kernel)));
    }

    /** An op is taken for another. */
    static <O extends Op> Mutant rewrite(String name, Rule rule, Class<O> type, UnaryOperator<O> rewrite) {
        return new Mutant(name, rule, provider -> new MutantProvider(provider, MutantProvider.rewrite(type, rewrite)));
    }

    @Override
    public String toString() {
        return name + " by " + rule;
    }
}
