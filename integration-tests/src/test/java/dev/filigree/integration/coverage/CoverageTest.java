package dev.filigree.integration.coverage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.filigree.integration.process.ProjectTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jacoco.core.analysis.Analyzer;
import org.jacoco.core.analysis.CoverageBuilder;
import org.jacoco.core.analysis.ICounter;
import org.jacoco.core.analysis.IPackageCoverage;
import org.jacoco.core.tools.ExecFileLoader;
import org.junit.jupiter.api.Test;

/**
 * Prints line and branch coverage of api, policies and host, and the packages below 80 % of their lines. What counts is what the
 * tests of all modules ran, whichever module they belong to, and the commands that they started; so it comes after them, in a
 * process of its own. With {@code -Dfiligree.coverage=enforce} such a package needs a reason in docs/coverage.md.
 */
class CoverageTest {
    private static final List<String> MODULES = List.of("api", "policies", "host");
    private static final List<String> TESTED = List.of(
            "api",
            "policies",
            "spi-cpu-reference",
            "spi-cpu-vector",
            "spi-cuda",
            "spi-vulkan",
            "conformance-kit",
            "host",
            "integration-tests");
    private static final double LEAST = 0.8;
    private static final boolean ENFORCED = "enforce".equals(System.getProperty("filigree.coverage"));

    @Test
    void whatTheTestsOfAllModulesRun() throws IOException {
        ExecFileLoader runs = new ExecFileLoader();
        for (String module : TESTED) {
            Path file = ProjectTree.root().resolve(module).resolve("target/jacoco.exec");
            assumeTrue(
                    Files.exists(file) || !MODULES.contains(module),
                    () -> "no coverage was recorded: " + file + " is written by a whole build with the agent");
            if (Files.exists(file)) {
                runs.load(file.toFile());
            }
        }
        String reasons = Files.readString(ProjectTree.root().resolve("docs/coverage.md"));
        List<String> bare = new ArrayList<>();
        int seen = 0;
        for (String module : MODULES) {
            CoverageBuilder builder = analyze(module, runs);
            seen += builder.getBundle(module).getLineCounter().getCoveredCount();
            System.out.println(line(
                    "coverage of " + module,
                    builder.getBundle(module).getLineCounter(),
                    builder.getBundle(module).getBranchCounter()));
            packages(builder).forEach((name, covered) -> {
                if (covered.getLineCounter().getCoveredRatio() < LEAST) {
                    System.out.println("  " + line(name, covered.getLineCounter(), covered.getBranchCounter()));
                    if (!reasons.contains("| `" + name + "` |")) {
                        bare.add(name);
                    }
                }
            });
        }
        assertTrue(seen > 1000, "the tests ran hardly any line, so nothing was recorded");
        assertEquals(
                List.of(),
                ENFORCED ? bare : List.of(),
                "packages below 80 % of their lines without a reason in docs/coverage.md");
    }

    private static CoverageBuilder analyze(String module, ExecFileLoader runs) throws IOException {
        CoverageBuilder builder = new CoverageBuilder();
        new Analyzer(runs.getExecutionDataStore(), builder)
                .analyzeAll(ProjectTree.root()
                        .resolve(module)
                        .resolve("target/classes")
                        .toFile());
        return builder;
    }

    private static SortedMap<String, IPackageCoverage> packages(CoverageBuilder builder) {
        SortedMap<String, IPackageCoverage> packages = new TreeMap<>();
        for (IPackageCoverage one : builder.getBundle("all").getPackages()) {
            if (one.getLineCounter().getTotalCount() > 0) {
                packages.put(one.getName().replace('/', '.'), one);
            }
        }
        return packages;
    }

    private static String line(String what, ICounter lines, ICounter branches) {
        return String.format(
                Locale.ROOT,
                "%s: lines %.1f %% of %d, branches %.1f %% of %d",
                what,
                100 * lines.getCoveredRatio(),
                lines.getTotalCount(),
                100 * branches.getCoveredRatio(),
                branches.getTotalCount());
    }
}
