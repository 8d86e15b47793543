package dev.filigree.host.eval;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.ConstantTable;
import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One layer's attention plan, made over for a whole prompt in one step with keys and values side by side, so that what it
 * chose can be read. The policy's own ops and parameters are kept; only where keys come from changes.
 */
final class ProbeLayer {
    private final DecoderArrays model;
    private final int maxTokens;
    private final PlanBuilder builder;
    private final Map<String, float[]> constants = new LinkedHashMap<>();
    private final Map<String, BlockSelect> selections = new LinkedHashMap<>();
    private final TensorRef q;
    private final TensorRef k;
    private final TensorRef v;
    private final TensorRef qOffsets;
    private final TensorRef kvOffsets;
    private final TensorRef out;
    private final TensorRef lse;

    private ProbeLayer(DecoderArrays model, int maxTokens, int layer) {
        this.model = model;
        this.maxTokens = maxTokens;
        this.builder = new PlanBuilder("probe.layer" + layer);
        Dim tokens = Dim.upTo("numTokens", maxTokens);
        Dim h = Dim.fixed("numQoHeads", model.geometry().numQoHeads());
        Dim kv = Dim.fixed("numKvHeads", model.geometry().numKvHeads());
        Dim c = Dim.fixed("headDim", model.headDim());
        q = builder.declare("q", TensorRole.INPUT, DType.F32, tokens, h, c);
        k = builder.declare("k", TensorRole.INPUT, DType.F32, tokens, kv, c);
        v = builder.declare("v", TensorRole.INPUT, DType.F32, tokens, kv, c);
        qOffsets = builder.declare("qOffsets", TensorRole.INPUT, DType.I32, Dim.fixed("numOffsets", 2));
        kvOffsets = builder.declare("kvOffsets", TensorRole.INPUT, DType.I32, Dim.fixed("numOffsets", 2));
        out = builder.declare("out", TensorRole.OUTPUT, DType.F32, tokens, h, c);
        lse = builder.declare("lse", TensorRole.OUTPUT, DType.F32, tokens, h);
    }

    /**
     * A plan to run, and how to read it.
     *
     * @param plan inputs q, k, v, outputs out and lse, and one output of block counts per selection
     * @param constants tables to upload, by tensor name
     * @param selections by the name of their tensor of block counts
     * @param streaming per streaming op, its heads and windows
     * @param choosing the plan's estimates and selections alone, if it has any
     */
    record Made(
            Plan plan,
            Map<String, float[]> constants,
            Map<String, BlockSelect> selections,
            Map<HeadMap, HeadPattern.Streaming> streaming,
            Optional<Plan> choosing) {}

    /** Makes a layer's plan over. */
    static Made of(DecoderArrays model, AttentionPlan attention, int layer, int maxTokens) {
        ProbeLayer probe = new ProbeLayer(model, maxTokens, layer);
        Map<HeadMap, HeadPattern.Streaming> streaming = new LinkedHashMap<>();
        for (Op op : attention.plan().ops()) {
            probe.add(op, attention.constants(), streaming);
        }
        return new Made(
                probe.builder.build(),
                probe.constants,
                probe.selections,
                streaming,
                choosing(model, attention, layer, maxTokens));
    }

    private static Optional<Plan> choosing(DecoderArrays model, AttentionPlan attention, int layer, int maxTokens) {
        ProbeLayer probe = new ProbeLayer(model, maxTokens, layer);
        for (Op op : attention.plan().ops()) {
            if (op instanceof AntidiagonalScore || op instanceof BlockSelect) {
                probe.add(op, attention.constants(), new LinkedHashMap<>());
            }
        }
        return probe.selections.isEmpty() ? Optional.empty() : Optional.of(probe.builder.build());
    }

    private void add(Op op, List<ConstantTable> tables, Map<HeadMap, HeadPattern.Streaming> streaming) {
        switch (op) {
            case DenseAttention dense -> builder.add(dense(dense.heads(), dense.masking(), dense.scale()));
            case StreamingAttention s -> {
                streaming.put(whole(s.heads()), s.pattern());
                builder.add(streaming(s.heads(), s.pattern(), s.scale()));
            }
            case PagedAttention paged -> {
                if (paged.pattern() instanceof HeadPattern.Streaming pattern) {
                    streaming.put(whole(paged.heads()), pattern);
                    builder.add(streaming(paged.heads(), pattern, paged.scale()));
                } else {
                    builder.add(dense(paged.heads(), Masking.CAUSAL, paged.scale()));
                }
            }
            case AntidiagonalScore score -> builder.add(score(score));
            case BlockSelect select -> builder.add(select(select, tables));
            case BlockSparseAttention sparse -> builder.add(sparse(sparse));
            default -> {
                // Moving keys and values about is what the probe replaces.
            }
        }
    }

    private Op dense(HeadMap heads, Masking masking, float scale) {
        return new DenseAttention(whole(heads), masking, scale, q, k, v, qOffsets, kvOffsets, out, lse);
    }

    private Op streaming(HeadMap heads, HeadPattern.Streaming pattern, float scale) {
        return new StreamingAttention(
                whole(heads),
                pattern,
                scale,
                q,
                k,
                v,
                qOffsets,
                kvOffsets,
                Optional.empty(),
                Optional.empty(),
                out,
                lse);
    }

    private Op score(AntidiagonalScore s) {
        return new AntidiagonalScore(
                whole(s.heads()),
                s.masking(),
                s.scale(),
                s.blockSize(),
                s.stride(),
                s.norm(),
                s.residues(),
                q,
                k,
                qOffsets,
                kvOffsets,
                blockRows(),
                mass(s.heads(), s.blockSize()));
    }

    private Op select(BlockSelect s, List<ConstantTable> tables) {
        String name = s.thresholds().name();
        for (ConstantTable table : tables) {
            if (table.decl().ref().equals(s.thresholds())) {
                builder.declare(table.decl());
                float[] values = new float[table.values().size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = table.values().get(i);
                }
                constants.put(name, values);
            }
        }
        selections.put(counts(s.heads(), s.blockSize()).name(), s);
        return new BlockSelect(
                whole(s.heads()),
                s.masking(),
                s.blockSize(),
                s.group(),
                s.keepSink(),
                s.keepDiagonal(),
                mass(s.heads(), s.blockSize()),
                s.thresholds(),
                qOffsets,
                kvOffsets,
                blockRows(),
                counts(s.heads(), s.blockSize()),
                indices(s.heads(), s.blockSize()));
    }

    private Op sparse(BlockSparseAttention s) {
        return new BlockSparseAttention(
                whole(s.heads()),
                s.masking(),
                s.scale(),
                s.blockSize(),
                q,
                k,
                v,
                qOffsets,
                kvOffsets,
                blockRows(),
                counts(s.heads(), s.blockSize()),
                indices(s.heads(), s.blockSize()),
                out,
                lse);
    }

    /** The same heads over keys and values that hold all KV heads. */
    private static HeadMap whole(HeadMap heads) {
        return HeadMap.byHead(heads.numQoHeads(), heads.numKvHeads(), heads.kvHeads());
    }

    private TensorRef blockRows() {
        return builder.declare("qBlockOffsets", TensorRole.INPUT, DType.I32, Dim.fixed("numOffsets", 2));
    }

    private TensorRef mass(HeadMap heads, int blockSize) {
        return builder.temp("blockMass" + suffix(heads), DType.F32, rows(blockSize), allHeads(), columns(blockSize));
    }

    private TensorRef counts(HeadMap heads, int blockSize) {
        return builder.declare(
                "blockCounts" + suffix(heads), TensorRole.OUTPUT, DType.I32, rows(blockSize), allHeads());
    }

    private TensorRef indices(HeadMap heads, int blockSize) {
        return builder.temp("blockIndices" + suffix(heads), DType.I32, rows(blockSize), allHeads(), columns(blockSize));
    }

    private static String suffix(HeadMap heads) {
        StringBuilder name = new StringBuilder();
        heads.kvHeads().forEach(head -> name.append('.').append(head));
        return name.toString();
    }

    private Dim rows(int blockSize) {
        return Dim.upTo("numQBlocks", Math.ceilDiv(maxTokens, blockSize));
    }

    private Dim allHeads() {
        return Dim.fixed("numQoHeads", model.geometry().numQoHeads());
    }

    private Dim columns(int blockSize) {
        return Dim.fixed("maxKvBlocks", Math.ceilDiv(maxTokens, blockSize));
    }
}
