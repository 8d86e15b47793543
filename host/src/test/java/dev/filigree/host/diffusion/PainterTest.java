package dev.filigree.host.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.op.AntidiagonalScore.Residues;
import dev.filigree.api.op.BlockSelect.GroupMode;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.host.picture.Picture;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.layers.LayerSet;
import dev.filigree.policies.streaming.StreamingConfig;
import dev.filigree.policies.streaming.StreamingPolicy;
import dev.filigree.policies.xattention.Thresholds;
import dev.filigree.policies.xattention.XAttentionConfig;
import dev.filigree.policies.xattention.XAttentionPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The painter over a small random model: batches, guidance, steps, policies, backends. */
class PainterTest {
    private static final String VECTOR = "cpu-vector";
    private static final List<String> CAPTIONS = List.of("a red ring", "", "blue");

    @TempDir
    private Path folder;

    @BeforeEach
    void write() {
        TinyDit.write(folder);
    }

    private List<Picture> paint(String backend, AttentionPolicy attention, double guidance, int batch) {
        try (Painter painter = TinyDit.open(folder, backend, attention, guidance, batch)) {
            return painter.paint(requests(painter.config()), PaintWatcher.NONE);
        }
    }

    private static List<PaintRequest> requests(DitConfig config) {
        List<PaintRequest> requests = new ArrayList<>();
        for (String caption : CAPTIONS) {
            requests.add(PaintRequest.of(caption, 40 + requests.size(), config));
        }
        return requests;
    }

    private static void close(List<Picture> expected, List<Picture> actual, float tolerance) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i).values(), actual.get(i).values(), tolerance, "picture " + i);
        }
    }

    /** Sums of a few hundred products in fp32 against fp64, through two blocks and three steps. */
    @Test
    void backendsAgree() {
        close(paint("cpu-reference", new DensePolicy(), 2.5, 3), paint(VECTOR, new DensePolicy(), 2.5, 3), 1e-4f);
    }

    @Test
    void picturesOfABatchAreThoseOfEachAlone() {
        List<Picture> alone = paint(VECTOR, new DensePolicy(), 2.5, 1);
        close(alone, paint(VECTOR, new DensePolicy(), 2.5, 3), 2e-5f);
        close(alone, paint(VECTOR, new DensePolicy(), 2.5, 2), 2e-5f);
    }

    @Test
    void aGuidanceOfOneNeedsNoEmptyCaption() {
        List<Picture> plain = paint(VECTOR, new DensePolicy(), 1, 3);
        close(plain, paint(VECTOR, new DensePolicy(), 1 + 1e-7, 3), 2e-5f);
        float[] guided = paint(VECTOR, new DensePolicy(), 4, 3).getFirst().values();
        assertTrue(distance(plain.getFirst().values(), guided) > 0.01);
    }

    /** The empty caption is its own guide: guidance changes nothing. */
    @Test
    void guidanceLeavesTheEmptyCaptionAlone() {
        Picture plain = paint(VECTOR, new DensePolicy(), 1, 3).get(1);
        Picture guided = paint(VECTOR, new DensePolicy(), 4, 3).get(1);
        assertArrayEquals(plain.values(), guided.values(), 2e-5f);
    }

    @Test
    void captionsMatter() {
        List<Picture> pictures = paint(VECTOR, new DensePolicy(), 1, 1);
        try (Painter painter = TinyDit.open(folder, VECTOR, new DensePolicy(), 1, 1)) {
            PaintRequest other = PaintRequest.of("a blue ring", 40, painter.config());
            float[] values =
                    painter.paint(List.of(other), PaintWatcher.NONE).getFirst().values();
            assertTrue(distance(pictures.getFirst().values(), values) > 0.001);
        }
    }

    private static XAttentionPolicy xattention(double threshold, int warmupSteps) {
        return new XAttentionPolicy(new XAttentionConfig(
                Thresholds.everyLayer(List.of(threshold)),
                2,
                4,
                1,
                Residues.ANTIDIAGONAL,
                GroupMode.QUERY_HEAD,
                false,
                false,
                LayerSet.NONE,
                0,
                XAttentionConfig.Crossover.GIVEN,
                warmupSteps));
    }

    @Test
    void sparseAttentionWarmsUp() {
        try (Painter painter = TinyDit.open(folder, VECTOR, xattention(0.5, 2), 2.5, 3)) {
            assertEquals(Map.of("dense", 2, "xattention", 1), painter.attentionSteps());
        }
        List<Picture> dense = paint(VECTOR, new DensePolicy(), 2.5, 3);
        assertEquals(dense, paint(VECTOR, xattention(0.5, 3), 2.5, 3));
        double none = distance(
                dense.getFirst().values(),
                paint(VECTOR, xattention(0.3, 0), 2.5, 3).getFirst().values());
        double two = distance(
                dense.getFirst().values(),
                paint(VECTOR, xattention(0.3, 2), 2.5, 3).getFirst().values());
        assertTrue(two > 0, "the last step must be sparse");
        assertTrue(none > two, () -> "dense first steps must help: " + none + " without, " + two + " with");
    }

    @Test
    void sparseBackendsAgree() {
        close(paint("cpu-reference", xattention(0.8, 1), 2.5, 3), paint(VECTOR, xattention(0.8, 1), 2.5, 3), 1e-4f);
    }

    @Test
    void streamingHeadsAreRefused() {
        PolicyRefusal refusal = assertThrows(
                PolicyRefusal.class,
                () -> TinyDit.open(folder, VECTOR, new StreamingPolicy(new StreamingConfig(1, 4)), 1, 1));
        assertTrue(String.valueOf(refusal.getMessage()).contains("causal"), refusal.getMessage());
    }

    @Test
    void theWatcherSeesStepsAndVelocities() {
        List<String> seen = new ArrayList<>();
        try (Painter painter = TinyDit.open(folder, VECTOR, new DensePolicy(), 2.5, 2)) {
            painter.paint(requests(painter.config()), new PaintWatcher() {
                @Override
                public void onStep(long done, long total) {
                    seen.add(done + "/" + total);
                }

                @Override
                public void onVelocity(int step, int picture, float[] velocity) {
                    assertEquals(432, velocity.length);
                    seen.add("v" + step + "." + picture);
                }

                @Override
                public boolean wantsVelocity() {
                    return true;
                }
            });
        }
        assertEquals(
                List.of(
                        "v0.0", "v0.1", "2/9", "v1.0", "v1.1", "4/9", "v2.0", "v2.1", "6/9", "v0.2", "7/9", "v1.2",
                        "8/9", "v2.2", "9/9"),
                seen);
    }

    @Test
    void badRequestsAreRefusedBeforeAnythingRuns() {
        try (Painter painter = TinyDit.open(folder, VECTOR, new DensePolicy(), 2.5, 2)) {
            PaintRequest short1 = new PaintRequest("a", new float[3]);
            assertEquals(
                    "noise must have 432 values, not 3",
                    assertThrows(
                                    IllegalArgumentException.class,
                                    () -> painter.paint(List.of(short1), PaintWatcher.NONE))
                            .getMessage());
        }
    }

    @Test
    void inputsOfEveryGroupAreCollected() {
        PainterConfig parts = TinyDit.parts(folder, VECTOR, new DensePolicy(), 2.5, 2);
        Map<String, float[]> rows =
                DitInputs.collect(parts, dev.filigree.api.select.BackendSelector.installed(), CAPTIONS, 50, 3);
        List<DitGroup> groups = DitGroup.all(DitConfigReader.read(folder));
        assertEquals(14, groups.size());
        assertEquals(groups.size(), rows.size());
        for (DitGroup group : groups) {
            float[] seen = java.util.Objects.requireNonNull(rows.get(group.name()), group.name());
            // 3 captions of 3, 1 and 1 words, each with an empty one beside it
            int expected = group.name().endsWith("attn2.kv") ? 8 : 50;
            assertEquals(expected * group.inFeatures(), seen.length, group.name());
            for (float value : seen) {
                assertTrue(Float.isFinite(value));
                assertTrue(!group.afterGelu() || value > -0.1701f, "GELU stays above -0.17");
            }
            assertTrue(distance(seen, new float[seen.length]) > 0, group.name());
        }
        Map<String, float[]> again =
                DitInputs.collect(parts, dev.filigree.api.select.BackendSelector.installed(), CAPTIONS, 50, 3);
        rows.forEach((name, values) -> assertArrayEquals(values, again.get(name), name));
    }

    private static double distance(float[] a, float[] b) {
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return largest;
    }
}
