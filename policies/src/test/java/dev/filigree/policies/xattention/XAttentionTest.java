package dev.filigree.policies.xattention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.SparseCrossover;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.Op;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.policies.config.ConfigException;
import dev.filigree.policies.config.ConfigReader;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.duoattention.DuoAttentionConfig;
import dev.filigree.policies.duoattention.DuoAttentionPolicy;
import dev.filigree.policies.duoattention.HeadClasses;
import dev.filigree.policies.golden.Geometries;
import dev.filigree.policies.layers.LayerSet;
import dev.filigree.policies.layers.LayersPolicy;
import dev.filigree.policies.lserve.LServeConfig;
import dev.filigree.policies.lserve.LServePolicy;
import dev.filigree.policies.phases.PhasesPolicy;
import dev.filigree.policies.registry.PolicyRegistry;
import dev.filigree.policies.registry.SectionOptions;
import dev.filigree.policies.streaming.StreamingConfig;
import dev.filigree.policies.table.HeadTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is planned sparse, what dense, and with which thresholds. */
class XAttentionTest {
    private static final ModelGeometry GEOMETRY = ModelGeometry.of(3, 4, 2, 16);
    private static final DensePolicy DENSE = new DensePolicy();

    private static XAttentionConfig with(Thresholds thresholds, LayerSet denseLayers, long denseBelow) {
        XAttentionConfig base = XAttentionConfig.of(.9, 16);
        return new XAttentionConfig(
                thresholds,
                base.stride(),
                base.blockSize(),
                base.norm(),
                base.residues(),
                base.group(),
                base.keepSink(),
                base.keepDiagonal(),
                denseLayers,
                denseBelow,
                XAttentionConfig.Crossover.GIVEN,
                5);
    }

    private static Thresholds all(double threshold) {
        return Thresholds.everyLayer(List.of(threshold));
    }

    private static AttentionProblem problem(Phase phase, int layer) {
        KvCachePlan kv = Geometries.cache(GEOMETRY, DENSE, Geometries.paged(KvPrecision.F16, PrefillReads.STORED));
        return Geometries.problem(kv, phase, layer);
    }

    private static List<String> steps(XAttentionConfig config, Phase phase, int layer) {
        return new XAttentionPolicy(config)
                .plan(problem(phase, layer)).plan().ops().stream()
                        .map(Op::opName)
                        .toList();
    }

    @Test
    void prefillScoresSelectsAndAttends() {
        assertEquals(
                List.of("AntidiagonalScore", "BlockSelect", "BlockSparseAttention"),
                steps(XAttentionConfig.of(.9, 16), Phase.PREFILL, 0));
    }

    @Test
    void decodeIsThePlanOfDense() {
        AttentionProblem decode = problem(Phase.DECODE, 1);
        assertEquals(DENSE.plan(decode), new XAttentionPolicy(XAttentionConfig.of(.9, 16)).plan(decode));
    }

    /** The original's threshold 1 leaves blocks without mass out; ours takes the dense kernel itself. */
    @Test
    void thresholdOneIsThePlanOfDense() {
        AttentionProblem prefill = problem(Phase.PREFILL, 1);
        assertEquals(DENSE.plan(prefill), new XAttentionPolicy(XAttentionConfig.of(1, 16)).plan(prefill));
    }

    @Test
    void excludedLayersAndShortContextsAreThePlanOfDense() {
        XAttentionConfig config = with(all(.9), LayerSet.parse("0, 2"), 0);
        assertEquals(3, steps(config, Phase.PREFILL, 1).size());
        assertEquals(List.of("PagedAttention"), steps(config, Phase.PREFILL, 2));
        long capacity = Geometries.CAPACITY.contextTokens();
        assertEquals(
                3,
                steps(with(all(.9), LayerSet.NONE, capacity), Phase.PREFILL, 0).size());
        assertEquals(
                1,
                steps(with(all(.9), LayerSet.NONE, capacity + 1), Phase.PREFILL, 0)
                        .size());
        String told = new XAttentionPolicy(with(all(.9), LayerSet.NONE, 5000))
                .explain(GEOMETRY, 4096)
                .get(1);
        assertEquals("layer 0 prefill: dense, 4096 tokens are below the crossover of 5000", told);
    }

    /** The constant of the backend in use decides in the plan; the same config stays sparse where nobody measured. */
    @Test
    void aMeasuredCrossoverDecidesInThePlan() {
        long capacity = Geometries.CAPACITY.contextTokens();
        XAttentionPolicy policy = new XAttentionPolicy(measuring());
        AttentionPolicy longer = policy.on(new SparseCrossover("fast", OptionalLong.of(capacity + 1)));
        AttentionPolicy shorter = policy.on(new SparseCrossover("slow", OptionalLong.of(capacity)));
        AttentionPolicy unknown = policy.on(new SparseCrossover("other", OptionalLong.empty()));
        AttentionProblem prefill = problem(Phase.PREFILL, 0);
        assertEquals(DENSE.plan(prefill), longer.plan(prefill));
        assertEquals(policy.plan(prefill), shorter.plan(prefill));
        assertEquals(policy.plan(prefill), unknown.plan(prefill));
        assertEquals(
                "layer 0 prefill: dense, 512 tokens are below the crossover of 1025 measured on fast",
                longer.explain(GEOMETRY, 512).get(1));
        assertTrue(unknown.explain(GEOMETRY, 512).contains("crossover to dense: none measured on other"));
        XAttentionPolicy given = new XAttentionPolicy(XAttentionConfig.of(.9, 16));
        assertSame(given, given.on(new SparseCrossover("fast", OptionalLong.of(capacity + 1))));
    }

    /** Policies that have others plan heads hand the constant on. */
    @Test
    void theCrossoverReachesWhoeverPlansTheHeads() {
        XAttentionPolicy inner = new XAttentionPolicy(measuring());
        HeadClasses all = new HeadClasses(List.of(List.of(true, true), List.of(true, true), List.of(true, true)));
        LServeConfig pages = LServeConfig.of(4096);
        List<AttentionPolicy> around = List.of(
                new DuoAttentionPolicy(new DuoAttentionConfig(all, new StreamingConfig(4, 8), inner)),
                new PhasesPolicy(inner, DENSE),
                new LServePolicy(new LServeConfig(64, 4, 8, 4, pages.lists(), LayerSet.NONE, inner)),
                new LayersPolicy(List.of(new LayersPolicy.LayerPolicy(LayerSet.parse("0"), inner)), DENSE));
        for (AttentionPolicy policy : around) {
            KvCachePlan kv = Geometries.cache(GEOMETRY, policy, Geometries.paged(KvPrecision.F16, PrefillReads.STORED));
            AttentionProblem prefill = Geometries.problem(kv, Phase.PREFILL, 0);
            AttentionPolicy told = policy.on(new SparseCrossover("fast", OptionalLong.of(1 << 20)));
            assertEquals(3, policy.plan(prefill).plan().ops().size(), policy.name());
            assertEquals(
                    DENSE.plan(prefill).plan().ops(), told.plan(prefill).plan().ops(), policy.name());
        }
    }

    private static XAttentionConfig measuring() {
        XAttentionConfig base = XAttentionConfig.of(.9, 16);
        return new XAttentionConfig(
                base.thresholds(),
                base.stride(),
                base.blockSize(),
                base.norm(),
                base.residues(),
                base.group(),
                false,
                false,
                LayerSet.NONE,
                0,
                XAttentionConfig.Crossover.MEASURED,
                0);
    }

    @Test
    void warmupStepsAreDense() {
        XAttentionPolicy policy = new XAttentionPolicy(with(all(.9), LayerSet.NONE, 0));
        assertEquals("dense", policy.atStep(4).name());
        assertEquals(policy, policy.atStep(5));
    }

    @Test
    void eachLayerAndHeadGetsItsOwnThreshold() {
        HeadTable table = new HeadTable(
                List.of(List.of(.1f, .2f, .3f, .4f), List.of(.5f, .6f, .7f, .8f), List.of(.9f, 1f, 0f, .5f)));
        XAttentionPolicy policy = new XAttentionPolicy(with(new Thresholds(table), LayerSet.NONE, 0));
        policy.kvNeeds(GEOMETRY);
        for (int layer = 0; layer < 3; layer++) {
            AttentionPlan plan = policy.plan(problem(Phase.PREFILL, layer));
            assertEquals(table.rows().get(layer), plan.constants().getFirst().values());
            BlockSelect select = (BlockSelect) plan.plan().ops().get(1);
            assertEquals(
                    "layer" + layer + ".xattention.thresholds",
                    select.thresholds().name());
        }
        Thresholds perHead = Thresholds.everyLayer(List.of(.1, .2, .3, .4));
        assertEquals(List.of(.1f, .2f, .3f, .4f), perHead.ofLayer(2, 4));
    }

    /** A KV head that takes everything needs no estimate; one of its query heads below 1 is enough to need one. */
    @Test
    void headsThatTakeEverythingAreNotScored() {
        HeadTable table = new HeadTable(List.of(List.of(1f, 1f, .9f, 1f)));
        XAttentionPolicy policy = new XAttentionPolicy(with(new Thresholds(table), LayerSet.NONE, 0));
        AttentionProblem both = problem(Phase.PREFILL, 0);
        AttentionPlan plan = policy.plan(both);
        List<Op> ops = plan.plan().ops();
        assertEquals(
                List.of("AntidiagonalScore", "BlockSelect", "BlockSparseAttention", "DenseAttention"),
                ops.stream().map(Op::opName).toList());
        assertEquals(List.of(1), ((AntidiagonalScore) ops.get(0)).heads().kvHeads());
        assertEquals(List.of(1), ((BlockSparseAttention) ops.get(2)).heads().kvHeads());
        assertEquals(List.of(0), ((DenseAttention) ops.get(3)).heads().kvHeads());
        assertEquals("dense", plan.patterns().get(0));
        AttentionProblem whole = both.withHeads(List.of(0));
        assertEquals(DENSE.plan(whole), policy.plan(whole));
    }

    @Test
    void tablesOfAnotherModelAndValuesBeyondOneAreRefused() {
        HeadTable wrong = new HeadTable(List.of(List.of(.1f, .2f), List.of(.1f, .2f)));
        XAttentionPolicy policy = new XAttentionPolicy(with(new Thresholds(wrong), LayerSet.NONE, 0));
        PolicyRefusal e = assertThrows(PolicyRefusal.class, () -> policy.kvNeeds(GEOMETRY));
        assertEquals("thresholds must be 1 or 3 rows of 1 or 4 numbers, not 2 of 2", e.sentence());
        assertThrows(IllegalArgumentException.class, () -> all(1.01));
        assertThrows(IllegalArgumentException.class, () -> all(Double.NaN));
        XAttentionPolicy layers = new XAttentionPolicy(with(all(.9), LayerSet.parse("3"), 0));
        assertThrows(PolicyRefusal.class, () -> layers.kvNeeds(GEOMETRY));
    }

    @Test
    void bidirectionalLayersScoreTheCurrentTokens() {
        AttentionProblem p = problem(Phase.PREFILL, 0);
        AttentionProblem both = new AttentionProblem(
                p.phase(), 0, GEOMETRY, p.kv(), p.kvHeads(), Masking.BIDIRECTIONAL, p.scale(), p.dtype(), p.capacity());
        AttentionPlan plan = new XAttentionPolicy(XAttentionConfig.of(.9, 8)).plan(both);
        AntidiagonalScore score = (AntidiagonalScore) plan.plan().ops().getFirst();
        assertEquals("k", score.k().name());
        assertEquals(Masking.BIDIRECTIONAL, score.masking());
    }

    @Test
    void optionsReachTheSteps(@TempDir Path folder) throws IOException {
        Files.createDirectories(folder.resolve("model"));
        String text = """
                model: model
                attention:
                  policy: xattention
                  threshold: [0.9, 0.8, 0.7, 0.6]
                  stride: 8
                  blockSize: 64
                  residues: alternating
                  group: union
                  denseLayers: 0-1
                limits: {prefillChunk: 192}
                """;
        ConfigReader reader = new ConfigReader(PolicyRegistry.installed(), List.of());
        AttentionPolicy policy = SectionOptions.create(
                reader.readText(text, folder.resolve("run.yaml")).attention(),
                PolicyRegistry.installed(),
                AttentionPolicy.class);
        AttentionPlan plan = policy.plan(problem(Phase.PREFILL, 2));
        AntidiagonalScore score = (AntidiagonalScore) plan.plan().ops().get(0);
        BlockSelect select = (BlockSelect) plan.plan().ops().get(1);
        assertEquals(AntidiagonalScore.Residues.ALTERNATING, score.residues());
        assertEquals(8, score.stride());
        assertEquals(64, select.blockSize());
        assertEquals(BlockSelect.GroupMode.UNION, select.group());
        assertNotEquals(plan, policy.plan(problem(Phase.PREFILL, 1)));
        ConfigException chunk = assertThrows(
                ConfigException.class, () -> reader.readText(text.replace("192", "100"), folder.resolve("run.yaml")));
        assertEquals(
                "must be a multiple of 64 for attention policy xattention, not 100",
                chunk.problems().getFirst().message());
        ConfigException stride = assertThrows(
                ConfigException.class,
                () -> reader.readText(text.replace("stride: 8", "stride: 7"), folder.resolve("run.yaml")));
        assertEquals("attention.stride", stride.problems().getFirst().key());
        String both = text.replace("stride: 8", "denseBelow: 100\n  crossover: measured");
        ConfigException given =
                assertThrows(ConfigException.class, () -> reader.readText(both, folder.resolve("run.yaml")));
        assertEquals(
                "crossover: measured and denseBelow exclude each other; give one of them",
                given.problems().getFirst().message());
    }

    @Test
    void expectedDensityFallsWithTheContext() {
        assertEquals(1, ExpectedDensity.of(16, 128, 100));
        assertEquals(.5538, ExpectedDensity.of(16, 128, 4096), 1e-9);
        assertEquals(.0689, ExpectedDensity.of(8, 128, 131_072), 1e-9);
        assertEquals(.0620 / 2, ExpectedDensity.of(4, 128, 262_144), 1e-9);
        double before = 1;
        for (long tokens = 128; tokens <= 1 << 22; tokens += tokens / 3) {
            double density = ExpectedDensity.of(8, 128, tokens);
            assertTrue(density <= before && density > 0, tokens + ": " + density);
            before = density;
        }
    }
}
