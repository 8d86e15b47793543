package dev.filigree.conformance.certificate;

import dev.filigree.conformance.run.CaseResult;

/** How to run one execution again. */
public final class Replay {
    private Replay() {}

    /** A command line that runs exactly this. */
    public static String line(String backend, CaseResult result) {
        return "filigree verify --backend " + backend + " --case '"
                + result.executed().id() + "' --seed " + result.seed();
    }
}
