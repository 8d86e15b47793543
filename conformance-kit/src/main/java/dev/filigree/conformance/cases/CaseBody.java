package dev.filigree.conformance.cases;

import dev.filigree.conformance.generate.Generator;
import dev.filigree.conformance.problem.Problem;

/** How a case decides. */
public sealed interface CaseBody {

    /**
     * Holds the backend's outputs against the reference backend's.
     *
     * @param maker makes the problem from a seed
     */
    record Compare(ProblemMaker maker) implements CaseBody {}

    /**
     * Checks a property on the backend alone, so that it judges the reference backend too.
     *
     * @param property runs problems and looks at what comes out
     */
    record Check(Property property) implements CaseBody {}

    /** Makes a problem from seeded numbers. */
    @FunctionalInterface
    interface ProblemMaker {
        /** The problem of a seed. */
        Problem make(Generator generator);
    }

    /** Runs problems and judges what comes out. */
    @FunctionalInterface
    interface Property {
        /** Throws {@link dev.filigree.conformance.rule.RuleBroken} if the property does not hold. */
        void check(CaseContext context);
    }
}
