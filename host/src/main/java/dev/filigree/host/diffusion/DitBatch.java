package dev.filigree.host.diffusion;

import dev.filigree.host.arrays.ArrayPlan;
import dev.filigree.policies.layer.StepShapes;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** The input arrays of a batch: which rows are whose. */
final class DitBatch {
    private final DitConfig config;
    private final DitCapacity capacity;
    private final List<int[]> captions;
    private final int numSeqs;

    /**
     * A batch.
     *
     * @param captions word ids, one list per picture; with guidance, as many empty captions follow
     */
    DitBatch(DitConfig config, DitCapacity capacity, List<int[]> captions) {
        this.config = config;
        this.capacity = capacity;
        this.captions = captions;
        this.numSeqs = (capacity.guided() ? 2 : 1) * captions.size();
    }

    private int[] caption(int seq) {
        return seq < captions.size() ? captions.get(seq) : new int[] {DitConfig.EMPTY_CAPTION};
    }

    private int[] wordOffsets() {
        int[] offsets = new int[numSeqs + 1];
        for (int seq = 0; seq < numSeqs; seq++) {
            offsets[seq + 1] = offsets[seq] + caption(seq).length;
        }
        return offsets;
    }

    /** Writes what the plan of a batch's constants reads. */
    void loadCondition(ArrayPlan plan) {
        int[] offsets = wordOffsets();
        int numWords = offsets[numSeqs];
        int[] ids = new int[numWords];
        int[] positions = new int[numWords];
        for (int seq = 0; seq < numSeqs; seq++) {
            for (int i = 0; i < caption(seq).length; i++) {
                ids[offsets[seq] + i] = caption(seq)[i];
                positions[offsets[seq] + i] = i;
            }
        }
        float[] ones = new float[config.hiddenSize()];
        Arrays.fill(ones, 1);
        int numSteps = capacity.numSteps();
        plan.axis("numSteps", numSteps).axis("numWords", numWords);
        plan.writeFloats(DitTensors.TIME_ANGLES, TimeAngles.ofSteps(numSteps));
        plan.writeFloats(DitTensors.ONES, ones);
        plan.writeInts(DitTensors.STEP_IDS, IntStream.range(0, numSteps).toArray());
        plan.writeInts(DitTensors.ZERO_IDS, new int[numSteps]);
        plan.writeInts(
                DitTensors.ONE_IDS, IntStream.generate(() -> 1).limit(numSteps).toArray());
        plan.writeInts(DitTensors.WORD_IDS, ids);
        plan.writeInts(DitTensors.WORD_POSITIONS, positions);
        loadEach(plan, "numWords", numWords);
    }

    /** Writes what is the same in every step. */
    void loadStep(ArrayPlan plan, StepShapes shapes) {
        int numPatches = captions.size() * config.numPatches();
        int numTokens = numTokens();
        shapes.axes().forEach((axis, extent) -> {
            if (plan.hasAxis(axis)) {
                plan.axis(axis, Math.toIntExact(extent));
            }
        });
        shapes.arrays().forEach((name, values) -> {
            if (plan.has(name)) {
                plan.writeInts(name, values);
            }
        });
        int[] offsets = wordOffsets();
        plan.axis("numPatches", numPatches).axis("numWords", offsets[numSeqs]);
        plan.writeInts(DitTensors.WORD_OFFSETS, offsets);
        plan.writeInts(
                DitTensors.PICTURE_ROWS,
                IntStream.range(0, numTokens).map(row -> row % numPatches).toArray());
        plan.writeInts(
                DitTensors.PATCH_POSITIONS,
                IntStream.range(0, numTokens)
                        .map(row -> row % config.numPatches())
                        .toArray());
        plan.writeInts(DitTensors.PATCH_OFFSETS, new int[] {0, numPatches});
        plan.writeInts(DitTensors.CAPTION_TOKENS, IntStream.range(0, numPatches).toArray());
        loadEach(plan, "numTokens", numTokens);
        if (capacity.guided()) {
            plan.writeInts(
                    DitTensors.EMPTY_TOKENS,
                    IntStream.range(numPatches, numTokens).toArray());
        }
    }

    /** Writes what changes with the step. */
    void loadTime(ArrayPlan plan, int step) {
        int[] rows = new int[numSeqs];
        Arrays.fill(rows, step);
        plan.writeInts(DitTensors.SEQ_STEPS, rows);
        for (int vector = 0; vector < PictureSteps.VECTORS; vector++) {
            Arrays.fill(rows, step * PictureSteps.VECTORS + vector);
            plan.writeInts(DitTensors.modulationRows(vector), rows);
        }
    }

    int numSeqs() {
        return numSeqs;
    }

    int numWords() {
        return wordOffsets()[numSeqs];
    }

    int numTokens() {
        return numSeqs * config.numPatches();
    }

    /** Writes the row numbers through which an observed plan shows all rows. */
    private static void loadEach(ArrayPlan plan, String axis, int numRows) {
        if (plan.has(DitTensors.each(axis))) {
            plan.writeInts(DitTensors.each(axis), IntStream.range(0, numRows).toArray());
        }
    }
}
