package dev.filigree.cuda.sass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.filigree.cuda.sass.Sass.Opcode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the compiler made of the kernels for Hopper: a wrong launch bound or a run-time index costs half the speed, silently. */
class SassTest {
    private static final Path BUILD = Path.of("target/cuda");
    private static final Pattern REPORT = Pattern.compile("(\\w+) sm_90a: .* (\\d+) bytes spilled, (\\d+) bytes stack");

    private static final Map<String, Sass> KERNELS = new TreeMap<>();

    @BeforeAll
    static void read() throws IOException {
        Path folder = BUILD.resolve("cubin");
        assumeTrue(
                Files.isDirectory(folder) && isFilled(folder),
                "no machine code for sm_90a: the build had no nvcc, or FILIGREE_CUDA_ARCHS leaves 90a out");
        try (Stream<Path> files = Files.list(folder)) {
            for (Path cubin : files.toList()) {
                KERNELS.putAll(Sass.read(cubin));
            }
        }
    }

    private static boolean isFilled(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isPresent();
        }
    }

    @Test
    void prefillMultipliesOnTheTensorCoresOfAWarpgroupAndKeepsItsLoopInRegisters() {
        requireRegistersAlone("attention_prefill__", 8);
    }

    @Test
    void estimatesMultiplyTheSameWay() {
        requireRegistersAlone("antidiagonal_score__q_", 6);
    }

    private static void requireRegistersAlone(String prefix, int least) {
        List<Sass> found = KERNELS.values().stream()
                .filter(one -> one.kernel().startsWith(prefix) && one.kernel().endsWith("__sm90a"))
                .toList();
        assertTrue(found.size() >= least, () -> "kernels " + prefix + ": " + found.size());
        for (Sass sass : found) {
            List<Sass.Loop> loops = sass.loopsOver(Opcode.HGMMA);
            assertFalse(loops.isEmpty(), () -> sass.kernel() + " has no loop with HGMMA");
            for (Sass.Loop loop : loops) {
                assertEquals(
                        0, sass.count(Opcode.LDL, loop), () -> sass.kernel() + " loads from local memory in " + loop);
                assertEquals(
                        0, sass.count(Opcode.STL, loop), () -> sass.kernel() + " stores to local memory in " + loop);
            }
        }
    }

    /** The reader sees what is there: the compiler's report and the code tell the same about every kernel. */
    @Test
    void localMemoryIsSeenExactlyWhereTheCompilerReportsIt() throws IOException {
        TreeSet<String> wrong = new TreeSet<>();
        int spilling = 0;
        for (String line : Files.readAllLines(BUILD.resolve("kernels.txt"))) {
            Matcher report = REPORT.matcher(line);
            if (report.matches()) {
                Sass sass = KERNELS.get(report.group(1));
                boolean spills = Integer.parseInt(report.group(2)) > 0;
                boolean mayUse = Integer.parseInt(report.group(3)) > 0;
                boolean uses = sass != null && sass.count(Opcode.LDL) + sass.count(Opcode.STL) > 0;
                spilling += spills && uses ? 1 : 0;
                if (sass == null || spills && !uses || uses && !mayUse) {
                    wrong.add(line);
                }
            }
        }
        assertEquals(new TreeSet<>(), wrong);
        assertTrue(spilling > 0, "no kernel spills: nothing shows that the reader would see it");
    }

    /** The general kernels were compiled without warpgroup products, so a reader that always found some would be wrong. */
    @Test
    void generalKernelsHaveNone() {
        Sass general = KERNELS.get("dense_attention__cuda");
        assertTrue(general.size() > 100, () -> "instructions: " + general.size());
        assertEquals(0, general.count(Opcode.HGMMA));
        assertEquals(List.of(), general.loopsOver(Opcode.HGMMA));
        assertTrue(general.count(Opcode.BRA) > 0);
    }
}
