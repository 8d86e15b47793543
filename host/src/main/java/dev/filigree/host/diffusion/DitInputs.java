package dev.filigree.host.diffusion;

import dev.filigree.api.select.BackendSelector;
import dev.filigree.host.arrays.ArrayPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * What the blocks' linear layers are given while pictures are painted: the calibration inputs of a quantizer. Rows are drawn
 * evenly from all steps and both kinds of captions, by seed.
 */
public final class DitInputs {
    private final Painter painter;
    private final int rowsPerGroup;
    private final Random random;
    private final Map<String, Reservoir> kept = new LinkedHashMap<>();

    private DitInputs(Painter painter, int rowsPerGroup, long seed) {
        this.painter = painter;
        this.rowsPerGroup = rowsPerGroup;
        this.random = new Random(seed);
    }

    /**
     * Paints and collects.
     *
     * @param parts the model, unquantized
     * @param captions to paint
     * @param rowsPerGroup rows to keep per group; fewer if fewer were seen
     * @param seed of the noise and of the choice of rows
     * @return by group name, {@code [numRows, inFeatures]} row-major
     */
    public static Map<String, float[]> collect(
            PainterConfig parts, BackendSelector backends, List<String> captions, int rowsPerGroup, long seed) {
        if (rowsPerGroup < 1 || captions.isEmpty()) {
            throw new IllegalArgumentException(
                    "calibration needs 1 or more rows and captions, not " + rowsPerGroup + " and " + captions.size());
        }
        try (Painter painter = new Painter(parts, backends, true)) {
            DitInputs inputs = new DitInputs(painter, rowsPerGroup, seed);
            List<PaintRequest> requests = new ArrayList<>();
            for (String caption : captions) {
                requests.add(PaintRequest.of(caption, seed + requests.size(), painter.config()));
            }
            painter.paint(requests, inputs::look, PaintWatcher.NONE);
            return inputs.rows();
        }
    }

    private void look(ArrayPlan plan, int numRows) {
        for (DitGroup group : DitGroup.all(painter.config())) {
            String tensor = DitTensors.observed(group.name());
            if (plan.has(tensor)) {
                float[] seen = new float[Math.multiplyExact(numRows, group.inFeatures())];
                plan.readFloats(tensor, seen);
                kept.computeIfAbsent(group.name(), name -> new Reservoir(group.inFeatures()))
                        .offer(seen);
            }
        }
    }

    private Map<String, float[]> rows() {
        Map<String, float[]> rows = new LinkedHashMap<>();
        kept.forEach((name, reservoir) -> rows.put(name, reservoir.rows()));
        return rows;
    }

    /** An even sample of all rows offered (Vitter 1985, algorithm R). */
    private final class Reservoir {
        private final int width;
        private final List<float[]> rows = new ArrayList<>();
        private long offered;

        Reservoir(int width) {
            this.width = width;
        }

        void offer(float[] seen) {
            for (int from = 0; from < seen.length; from += width) {
                offered++;
                long place = rows.size() < rowsPerGroup ? rows.size() : random.nextLong(offered);
                if (place < rowsPerGroup) {
                    float[] row = java.util.Arrays.copyOfRange(seen, from, from + width);
                    if (place == rows.size()) {
                        rows.add(row);
                    } else {
                        rows.set((int) place, row);
                    }
                }
            }
        }

        float[] rows() {
            float[] all = new float[rows.size() * width];
            for (int i = 0; i < rows.size(); i++) {
                System.arraycopy(rows.get(i), 0, all, i * width, width);
            }
            return all;
        }
    }
}
