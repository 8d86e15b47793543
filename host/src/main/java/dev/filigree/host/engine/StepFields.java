package dev.filigree.host.engine;

import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.host.decoder.DecoderTensors;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.ToLongFunction;

/**
 * How the input arrays and the axis extents of a step follow from it, by name. Resolved once per plan; writing
 * allocates nothing. The values are those of {@code dev.filigree.policies.layer.StepShapes}.
 */
final class StepFields {
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG;
    private static final String BLOCK_OFFSETS = "qBlockOffsets.";
    private static final String BLOCK_AXIS = "numQBlocks.";

    private final KvCachePlan kv;

    /** Writes one input array of a step. */
    @FunctionalInterface
    interface Writer {
        void write(Step step, MemorySegment target, long offset);
    }

    /** A count of rows that a sequence has, from the tokens before and in the step. */
    private interface Rows {
        long of(long past, long count);
    }

    /** A value per sequence. */
    private interface PerSeq {
        int of(Step step, int seq);
    }

    StepFields(KvCachePlan kv) {
        this.kv = kv;
    }

    /** The writer of an input tensor. */
    Writer writer(TensorDecl decl) {
        TensorRef ref = decl.ref();
        String name = ref.name();
        if (name.startsWith(BLOCK_OFFSETS)) {
            return offsets(blockRows(Integer.parseInt(name.substring(BLOCK_OFFSETS.length()))));
        }
        if (name.startsWith("kv.")) {
            return name.endsWith(".pageTable") ? pageTable(classOf(name), decl) : offsets(kvRows(classOf(name)));
        }
        return switch (name) {
            case "qOffsets" -> offsets((past, count) -> count);
            case "positions" -> StepFields::positions;
            case "pastLengths" -> perSeq((step, seq) -> (int) step.past(seq));
            case "kvLengths", "samplePositions" -> perSeq((step, seq) -> (int) (step.past(seq) + step.count(seq)));
            case "slots" -> perSeq((step, seq) -> step.sequence(seq).slot());
            case "tokenIds" -> StepFields::tokenIds;
            case "lastRows" -> perSeq((step, seq) -> Math.max(0, step.start(seq + 1) - 1));
            case "topKs" -> perSeq((step, seq) -> step.sampling(seq).topK());
            default -> sampling(ref);
        };
    }

    /** The extent of a variable axis. */
    ToLongFunction<Step> extent(String axis) {
        if (axis.startsWith(BLOCK_AXIS)) {
            return sum(blockRows(Integer.parseInt(axis.substring(BLOCK_AXIS.length()))));
        }
        if (axis.startsWith("kv.")) {
            return sum(kvRows(classOf(axis)));
        }
        return switch (axis) {
            case "numTokens" -> Step::numTokens;
            case "numSeqs" -> Step::numSeqs;
            default -> throw new IllegalStateException("the host does not know the extent of axis " + axis);
        };
    }

    private static Writer sampling(TensorRef ref) {
        if (ref.equals(DecoderTensors.TEMPERATURES)) {
            return (step, target, offset) -> {
                for (int seq = 0; seq < step.numSeqs(); seq++) {
                    target.set(F32, offset + 4L * seq, step.sampling(seq).temperature());
                }
            };
        }
        if (ref.equals(DecoderTensors.TOP_PS)) {
            return (step, target, offset) -> {
                for (int seq = 0; seq < step.numSeqs(); seq++) {
                    target.set(F32, offset + 4L * seq, step.sampling(seq).topP());
                }
            };
        }
        if (ref.equals(DecoderTensors.SEEDS)) {
            return (step, target, offset) -> {
                for (int seq = 0; seq < step.numSeqs(); seq++) {
                    target.set(I64, offset + 8L * seq, step.sampling(seq).seed());
                }
            };
        }
        throw new IllegalStateException("the host does not know what input " + ref + " holds");
    }

    private int classOf(String name) {
        for (int kvClass = 0; kvClass < kv.classes().size(); kvClass++) {
            if (name.startsWith("kv." + kv.classes().get(kvClass).name() + ".")) {
                return kvClass;
            }
        }
        throw new IllegalStateException(name + " names a KV class that the cache does not have");
    }

    private Rows kvRows(int kvClass) {
        Retention retention = kv.classes().get(kvClass).retention();
        return (past, count) -> retention.retainedTokens(past) + count;
    }

    /** Rows of blocks that lie at absolute positions. */
    private static Rows blockRows(int blockSize) {
        return (past, count) -> count == 0 ? 0 : Math.ceilDiv(past + count, (long) blockSize) - past / blockSize;
    }

    private static ToLongFunction<Step> sum(Rows rows) {
        return step -> {
            long sum = 0;
            for (int seq = 0; seq < step.numSeqs(); seq++) {
                sum += rows.of(step.past(seq), step.count(seq));
            }
            return sum;
        };
    }

    private static Writer offsets(Rows rows) {
        return (step, target, offset) -> {
            long sum = 0;
            target.set(I32, offset, 0);
            for (int seq = 0; seq < step.numSeqs(); seq++) {
                sum += rows.of(step.past(seq), step.count(seq));
                target.set(I32, offset + 4L * (seq + 1), Math.toIntExact(sum));
            }
        };
    }

    private static Writer perSeq(PerSeq value) {
        return (step, target, offset) -> {
            for (int seq = 0; seq < step.numSeqs(); seq++) {
                target.set(I32, offset + 4L * seq, value.of(step, seq));
            }
        };
    }

    private static void positions(Step step, MemorySegment target, long offset) {
        for (int seq = 0; seq < step.numSeqs(); seq++) {
            for (int i = 0; i < step.count(seq); i++) {
                target.set(I32, offset + 4L * (step.start(seq) + i), (int) (step.past(seq) + i));
            }
        }
    }

    private static void tokenIds(Step step, MemorySegment target, long offset) {
        for (int row = 0; row < step.numTokens(); row++) {
            target.set(I32, offset + 4L * row, step.id(row));
        }
    }

    private static Writer pageTable(int kvClass, TensorDecl decl) {
        long rowBytes = 4 * decl.strides().step(0);
        return (step, target, offset) -> {
            for (int seq = 0; seq < step.numSeqs(); seq++) {
                SequenceBlocks blocks = step.sequence(seq).blocks();
                for (int column = 0; column < blocks.numColumns(kvClass); column++) {
                    target.set(I32, offset + seq * rowBytes + 4L * column, blocks.page(kvClass, column));
                }
            }
        };
    }
}
