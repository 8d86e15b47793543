package dev.filigree.integration.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.backend.Support;
import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.problem.Problem;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Kernel ids are made as docs/kernel-names.md says: the op first, the target last, two underscores between parts. */
class KernelNamesTest {
    private static final String PART = "[a-z0-9]+(_[a-z0-9]+)*";

    static List<BackendProvider> availableBackends() {
        return ServiceLoader.load(BackendProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> provider.probe() instanceof Probe.Available)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("availableBackends")
    void idsNameOpAndTarget(BackendProvider provider) {
        Set<String> wrong = new TreeSet<>();
        int seen = 0;
        try (Backend backend = provider.open(BackendOptions.NONE)) {
            for (ConformanceCase one : Catalog.all()) {
                Optional<Plan> plan = one.problem().map(Problem::plan);
                for (Op op : plan.map(Plan::ops).orElse(List.of())) {
                    if (backend.support(op, plan.orElseThrow().tensors()) instanceof Support.Supported supported) {
                        seen++;
                        if (!supported.kernelId().matches(snakeCase(op.opName()) + "(__" + PART + ")+")) {
                            wrong.add(supported.kernelId());
                        }
                    }
                }
            }
        }
        assertTrue(seen > 0, () -> provider.name() + " supports nothing");
        assertEquals(Set.of(), wrong);
    }

    private static String snakeCase(String name) {
        return name.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }
}
