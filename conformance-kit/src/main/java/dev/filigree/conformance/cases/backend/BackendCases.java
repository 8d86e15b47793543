package dev.filigree.conformance.cases.backend;

import dev.filigree.conformance.cases.ConformanceCase;
import java.util.ArrayList;
import java.util.List;

/** All cases that judge a backend rather than an op. */
public final class BackendCases {
    private BackendCases() {}

    /** The cases. */
    public static List<ConformanceCase> cases() {
        List<ConformanceCase> all = new ArrayList<>(PlanCases.cases());
        all.addAll(MemoryCases.cases());
        all.addAll(ContractCases.cases());
        return all;
    }
}
