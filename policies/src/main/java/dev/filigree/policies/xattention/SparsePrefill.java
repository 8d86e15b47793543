package dev.filigree.policies.xattention;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.AttentionTensors;
import dev.filigree.api.attention.ConstantTable;
import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.KvAccess;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.policies.pattern.KvReads;
import dev.filigree.policies.pattern.PatternPlan;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Plans one layer's prompt chunk: score, select, attend, once per KV class with served heads. KV heads whose query heads all
 * have threshold 1 take every block, so they attend densely and are not scored.
 */
final class SparsePrefill {
    private final XAttentionConfig config;
    private final AttentionProblem problem;
    private final PlanBuilder builder;
    private final AttentionTensors tensors;
    private final Map<Integer, KvAccess> access = new TreeMap<>();
    private final Map<Integer, String> patterns = new TreeMap<>();

    SparsePrefill(XAttentionConfig config, AttentionProblem problem) {
        this.config = config;
        this.problem = problem;
        this.builder = new PlanBuilder(PatternPlan.name(XAttentionPolicy.NAME, problem));
        this.tensors = new AttentionTensors(problem, builder);
    }

    AttentionPlan plan() {
        TensorDecl thresholds = TensorDecl.of(
                "layer" + problem.layer() + ".xattention.thresholds",
                TensorRole.WEIGHT,
                DType.F32,
                Dim.fixed("numQoHeads", problem.geometry().numQoHeads()));
        builder.declare(thresholds);
        List<Float> values =
                config.thresholds().ofLayer(problem.layer(), problem.geometry().numQoHeads());
        for (int kvClass = 0; kvClass < problem.kv().classes().size(); kvClass++) {
            if (!problem.headsOfClass(kvClass).isEmpty()) {
                addClass(kvClass, thresholds.ref());
            }
        }
        return new AttentionPlan(
                XAttentionPolicy.NAME,
                builder.build(),
                access,
                patterns,
                List.of(new ConstantTable(thresholds, values)));
    }

    /** Where a class's keys and values are. */
    private record Keys(HeadMap heads, TensorRef k, TensorRef v, TensorRef kvOffsets) {}

    private void addClass(int kvClass, TensorRef thresholds) {
        KvReads.requireCovered(XAttentionPolicy.NAME, problem, kvClass, HeadPattern.DENSE);
        boolean causal = problem.masking() == Masking.CAUSAL;
        access.put(kvClass, causal ? KvAccess.GATHERED : KvAccess.CURRENT);
        Map<Boolean, List<Integer>> heads = problem.headsOfClass(kvClass).stream()
                .collect(Collectors.partitioningBy(
                        head -> config.thresholds().takesEverything(problem.layer(), head, problem.geometry())));
        List<Integer> choosing = heads.getOrDefault(false, List.of());
        List<Integer> whole = heads.getOrDefault(true, List.of());
        if (!choosing.isEmpty()) {
            addSteps(keys(kvClass, choosing), thresholds);
        }
        if (!whole.isEmpty()) {
            builder.add(dense(keys(kvClass, whole)));
        }
        whole.forEach(head -> patterns.put(head, HeadPattern.DENSE.toString()));
        choosing.forEach(head -> patterns.put(
                head,
                "xattention(threshold="
                        + config.thresholds().ofKvHead(problem.layer(), head, problem.geometry()).stream()
                                .distinct()
                                .toList()
                        + ", stride="
                        + config.stride() + ", blockSize=" + config.blockSize() + ")"));
    }

    private Keys keys(int kvClass, List<Integer> heads) {
        AttentionProblem some = problem.withHeads(heads);
        if (problem.masking() == Masking.CAUSAL) {
            AttentionTensors gathered = new AttentionTensors(some, builder);
            return new Keys(
                    gathered.servedHeads(kvClass),
                    gathered.gatheredK(kvClass),
                    gathered.gatheredV(kvClass),
                    gathered.kvOffsets(kvClass));
        }
        HeadMap map = HeadMap.byHead(
                problem.geometry().numQoHeads(), problem.geometry().numKvHeads(), some.headsOfClass(kvClass));
        return new Keys(map, tensors.k(), tensors.v(), tensors.qOffsets());
    }

    private DenseAttention dense(Keys keys) {
        return new DenseAttention(
                keys.heads(),
                problem.masking(),
                problem.scale(),
                tensors.q(),
                keys.k(),
                keys.v(),
                tensors.qOffsets(),
                keys.kvOffsets(),
                tensors.out(),
                tensors.lse());
    }

    private void addSteps(Keys keys, TensorRef thresholds) {
        int blockSize = config.blockSize();
        Dim rows = tensors.numQBlocks(blockSize);
        Dim heads = Dim.fixed("numQoHeads", problem.geometry().numQoHeads());
        Dim columns = tensors.maxKvBlocks(blockSize);
        TensorRef mass = builder.temp("xattention.blockMass", DType.F32, rows, heads, columns);
        TensorRef counts = builder.temp("xattention.blockCounts", DType.I32, rows, heads);
        TensorRef indices = builder.temp("xattention.blockIndices", DType.I32, rows, heads, columns);
        TensorRef blockRows = tensors.qBlockOffsets(blockSize);
        builder.add(new AntidiagonalScore(
                keys.heads(),
                problem.masking(),
                problem.scale(),
                blockSize,
                config.stride(),
                (float) config.norm(),
                config.residues(),
                tensors.q(),
                keys.k(),
                tensors.qOffsets(),
                keys.kvOffsets(),
                blockRows,
                mass));
        builder.add(new BlockSelect(
                keys.heads(),
                problem.masking(),
                blockSize,
                config.group(),
                config.keepSink(),
                config.keepDiagonal(),
                mass,
                thresholds,
                tensors.qOffsets(),
                keys.kvOffsets(),
                blockRows,
                counts,
                indices));
        builder.add(new BlockSparseAttention(
                keys.heads(),
                problem.masking(),
                problem.scale(),
                blockSize,
                tensors.q(),
                keys.k(),
                keys.v(),
                tensors.qOffsets(),
                keys.kvOffsets(),
                blockRows,
                counts,
                indices,
                tensors.out(),
                tensors.lse()));
    }
}
