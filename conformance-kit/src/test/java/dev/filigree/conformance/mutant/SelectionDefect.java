package dev.filigree.conformance.mutant;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.op.PageSelect;
import dev.filigree.conformance.run.Oracle;

/** A backend that takes less than a policy's choice, whatever the other steps of the plan are. */
public final class SelectionDefect {
    private SelectionDefect() {}

    /** Half of the pages are chosen. */
    public static BackendProvider halfTheBudget() {
        return new MutantProvider(
                Oracle.find(),
                MutantProvider.rewrite(
                        PageSelect.class,
                        op -> new PageSelect(
                                op.heads(),
                                Math.max(op.sinkPages() + 1, op.budgetPages() / 2),
                                op.sinkPages(),
                                op.pageSize(),
                                op.reuseInterval(),
                                op.scores(),
                                op.kvLengths(),
                                op.choice())));
    }
}
