package dev.filigree.conformance.certificate;

import dev.filigree.conformance.run.CaseResult;

/** How to run one execution again. */
public final class Replay {
    private Replay() {}

    /** A command line that runs exactly this. */
    public static String line(String backend, CaseResult result) {
        String policy = result.executed().params().values().get("policy");
        return "filigree verify --backend " + backend + (policy == null ? "" : " --policy '" + policy + "'")
                + " --case '" + result.executed().id() + "' --seed " + result.seed();
    }
}
