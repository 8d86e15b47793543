package dev.filigree.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import dev.filigree.conformance.cases.Catalog;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.problem.Problem;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Grids;
import dev.filigree.cuda.launch.Launch;
import dev.filigree.cuda.ops.Choosers;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Choosers are pure functions: what they say of every case of the kit needs no device. */
class ChoosersTest {
    private static final DeviceTraits H200 = new DeviceTraits(0, "H200", 9, 0, 132, 232_448, 140L << 30, "13.0");

    @Test
    void everyCaseOfTheKitHasLaunches() {
        Set<String> wrong = new TreeSet<>();
        Set<String> ops = new HashSet<>();
        for (ConformanceCase one : Catalog.all()) {
            Plan plan = one.problem().map(Problem::plan).orElse(null);
            for (Op op : plan == null ? List.<Op>of() : plan.ops()) {
                ops.add(op.opName());
                if (!(Choosers.choose(op, plan.tensors(), H200) instanceof Choice.Chosen chosen)
                        || !isNamedAfter(op, chosen)
                        || !chosen.launches().stream().allMatch(ChoosersTest::fits)) {
                    wrong.add(one.id() + ": " + op.opName());
                }
            }
        }
        assertEquals(Set.of(), wrong);
        assertEquals(Op.class.getPermittedSubclasses().length, ops.size(), () -> "ops seen: " + ops);
    }

    @Test
    void gridsFollowTheWorkUpToTheDevice() {
        assertEquals(1, Grids.blocks(H200, 0, 4));
        assertEquals(2, Grids.blocks(H200, 5, 4));
        assertEquals(16 * 132, Grids.blocks(H200, 1L << 40, 4));
        assertEquals(264, Grids.blocksWithScratch(H200, 1L << 40));
    }

    @Test
    void keysAreSplitOnlyWhereTilesLeaveTheDeviceIdle() {
        assertEquals(1, Grids.splits(H200, 264, 1 << 20));
        assertEquals(33, Grids.splits(H200, 8, 131_072));
        assertEquals(1, Grids.splits(H200, 8, 200), "few keys are not worth a merge");
    }

    /** Kernels that serve several ops, or a part of one, by the op's own kernel name. */
    private static final Map<String, List<String>> FAMILIES = Map.of(
            "dense_attention", List.of("attention_prefill"),
            "streaming_attention", List.of("attention_prefill"),
            "block_sparse_attention", List.of("attention_prefill"),
            "antidiagonal_score", List.of("antidiagonal_pack"),
            "block_select", List.of("block_select_rows"),
            "low_bit_linear", List.of("linear__x_"),
            "paged_attention", List.of("paged_decode", "paged_gather", "attention_prefill"));

    private static boolean isNamedAfter(Op op, Choice.Chosen chosen) {
        String name = op.opName().replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
        return chosen.launches().stream()
                .map(Launch::symbol)
                .allMatch(symbol -> symbol.startsWith(name + "__")
                        || FAMILIES.getOrDefault(name, List.of()).stream().anyMatch(symbol::startsWith));
    }

    private static boolean fits(Launch launch) {
        return launch.threads() <= 1024
                && launch.sharedBytes() <= H200.sharedBytesPerBlock()
                && launch.gridX() >= 1
                && launch.gridY() <= 65_535
                && launch.gridZ() <= 65_535;
    }

    @Test
    void providerAnswersWithoutADevice() {
        CudaBackendProvider provider = new CudaBackendProvider();
        assertEquals(provider.probe(), provider.probe());
        assertTrue(provider.optionKeys().contains("device"));
    }
}
