package dev.filigree.cpu.vector.ops;

import static dev.filigree.cpu.vector.testing.OneOp.ref;
import static dev.filigree.cpu.vector.testing.OneOp.shape;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.vector.testing.OneOp;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class BlockChoiceOpsTest {
    private static final int[] Q_LENGTHS = {40, 0, 133, 5};
    private static final int[] KV_LENGTHS = {200, 9, 133, 3};

    private final Random random = new Random(7);

    private static int[] offsets(int[] lengths) {
        int[] offsets = new int[lengths.length + 1];
        for (int s = 0; s < lengths.length; s++) {
            offsets[s + 1] = offsets[s] + lengths[s];
        }
        return offsets;
    }

    private static int[] blockOffsets(int blockSize) {
        int[] rows = new int[Q_LENGTHS.length];
        for (int s = 0; s < rows.length; s++) {
            int past = KV_LENGTHS[s] - Q_LENGTHS[s];
            int end = KV_LENGTHS[s] - 1;
            rows[s] = Q_LENGTHS[s] == 0 ? 0 : Math.floorDiv(end, blockSize) - Math.floorDiv(past, blockSize) + 1;
        }
        return offsets(rows);
    }

    private static OneOp withOffsets(OneOp test, int blockSize) {
        return test.ints("qOffsets", shape(5), offsets(Q_LENGTHS))
                .ints("kvOffsets", shape(5), offsets(KV_LENGTHS))
                .ints("rows", shape(5), blockOffsets(blockSize));
    }

    @ParameterizedTest
    @CsvSource({
        "ANTIDIAGONAL, CAUSAL, 32, 8, F32",
        "ALTERNATING, CAUSAL, 32, 8, F32",
        "ALTERNATING, CAUSAL, 48, 3, BF16",
        "ALTERNATING, BIDIRECTIONAL, 16, 16, F16",
        "ANTIDIAGONAL, BIDIRECTIONAL, 128, 4, F32",
        "ALTERNATING, CAUSAL, 8, 1, F32",
    })
    void massesAreTheReferences(
            AntidiagonalScore.Residues residues, Masking masking, int blockSize, int stride, DType dtype) {
        HeadMap heads = HeadMap.byRank(6, 3, List.of(0, 2), List.of(0, 2));
        int numRows = blockOffsets(blockSize)[Q_LENGTHS.length];
        OneOp test = new OneOp()
                .randoms("q", dtype, random, 3, offsets(Q_LENGTHS)[4], 6, 22)
                .randoms("k", dtype, random, 3, offsets(KV_LENGTHS)[4], 2, 22)
                .output("mass", DType.F32, numRows, 6, 26);
        AntidiagonalScore op = new AntidiagonalScore(
                heads,
                masking,
                0.21f,
                blockSize,
                stride,
                1,
                residues,
                ref("q"),
                ref("k"),
                ref("qOffsets"),
                ref("kvOffsets"),
                ref("rows"),
                ref("mass"));
        withOffsets(test, blockSize).run(op).close("mass", 2e-5);
    }

    @ParameterizedTest
    @EnumSource(BlockSelect.GroupMode.class)
    void choicesAreTheReferencesToTheBit(BlockSelect.GroupMode mode) {
        for (Masking masking : Masking.values()) {
            for (boolean keep : new boolean[] {false, true}) {
                select(mode, masking, keep);
            }
        }
    }

    private void select(BlockSelect.GroupMode mode, Masking masking, boolean keep) {
        HeadMap heads = HeadMap.all(6, 2);
        int numRows = blockOffsets(16)[Q_LENGTHS.length];
        float[] mass = new float[numRows * 6 * 14];
        for (int i = 0; i < mass.length; i++) {
            mass[i] = random.nextInt(9) == 0 ? 0 : random.nextInt(5); // many ties
        }
        mass[6 * 14 + 1] = Float.NaN;
        OneOp test = new OneOp()
                .floats("mass", DType.F32, shape(numRows, 6, 14), mass)
                .floats("limits", DType.F32, shape(6), 0, 0.3f, 0.9f, 0.99f, 1, Float.NaN)
                .output("counts", DType.I32, numRows, 6)
                .output("indices", DType.I32, numRows, 6, 14);
        BlockSelect op = new BlockSelect(
                heads,
                masking,
                16,
                mode,
                keep,
                keep,
                ref("mass"),
                ref("limits"),
                ref("qOffsets"),
                ref("kvOffsets"),
                ref("rows"),
                ref("counts"),
                ref("indices"));
        withOffsets(test, 16).run(op).same("counts", "indices");
    }
}
