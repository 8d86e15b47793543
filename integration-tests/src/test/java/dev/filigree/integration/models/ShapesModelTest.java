package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.SafetensorsFile;
import dev.filigree.host.diffusion.PaintRequest;
import dev.filigree.host.diffusion.PaintWatcher;
import dev.filigree.host.diffusion.Painter;
import dev.filigree.host.diffusion.PainterConfig;
import dev.filigree.host.picture.Picture;
import dev.filigree.host.picture.PictureScores;
import dev.filigree.integration.process.ProjectTree;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.plain.PlainLinear;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/**
 * The picture model gives the velocities and pictures that its definition gave in PyTorch: fp32 arithmetic over the same bf16
 * weights.
 */
class ShapesModelTest {
    private static final Path MODEL = ProjectTree.root().resolve("examples/models/shapes-64");
    private static final double VELOCITY_TOLERANCE = 1e-3;
    private static final int LEVEL_TOLERANCE = 2;

    /** The reference's plain loops need about half a minute for each further step of a picture. */
    private static final int FEW_STEPS = Integer.getInteger("filigree.shapes.steps", 2);

    private static float[] values(SafetensorsFile file, String name, int picture) {
        float[] all = file.tensor(name).orElseThrow().data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        int size = 3 * 64 * 64;
        return Arrays.copyOfRange(all, picture * size, (picture + 1) * size);
    }

    private static List<PaintRequest> requests(Painter painter, SafetensorsFile reference) {
        List<PaintRequest> requests = new ArrayList<>();
        for (String prompt : reference.metadata().getOrDefault("prompts", "").split(",")) {
            String caption = painter.config().prompts().get(Integer.parseInt(prompt));
            requests.add(new PaintRequest(caption, values(reference, "noise", requests.size())));
        }
        return requests;
    }

    private static Painter open(String backend, OptionalInt steps) {
        return new Painter(
                new PainterConfig(
                        MODEL,
                        new DensePolicy(),
                        new PlainLinear(),
                        DType.F32,
                        steps,
                        OptionalDouble.empty(),
                        3,
                        BackendRequest.named(backend)),
                BackendSelector.installed());
    }

    /** Remembers how far first velocities are from the reference's. */
    private static final class FirstVelocity implements PaintWatcher {
        private final SafetensorsFile reference;
        private double largest;
        private int seen;

        FirstVelocity(SafetensorsFile reference) {
            this.reference = reference;
        }

        @Override
        public boolean wantsVelocity() {
            return true;
        }

        @Override
        public void onVelocity(int step, int picture, float[] velocity) {
            if (step == 0) {
                float[] expected = values(reference, "first_velocity", picture);
                for (int i = 0; i < expected.length; i++) {
                    largest = Math.max(largest, Math.abs(expected[i] - velocity[i]));
                }
                seen++;
            }
        }
    }

    @Test
    void theVectorBackendMeetsVelocitiesAndPictures() {
        try (SafetensorsFile reference = SafetensorsFile.open(MODEL.resolve("reference.safetensors"));
                Painter painter = open("cpu-vector", OptionalInt.empty())) {
            assertEquals(20, painter.numSteps());
            FirstVelocity first = new FirstVelocity(reference);
            List<Picture> pictures = painter.paint(requests(painter, reference), first);
            assertEquals(3, first.seen);
            assertTrue(first.largest <= VELOCITY_TOLERANCE, () -> "velocity off by " + first.largest);
            for (int i = 0; i < pictures.size(); i++) {
                requireClose(new Picture(64, 64, values(reference, "final", i)), pictures.get(i));
            }
        }
    }

    @Test
    void theReferenceBackendMeetsAVelocityAndPicturesOfFewSteps() {
        OptionalInt steps = OptionalInt.of(FEW_STEPS);
        try (SafetensorsFile reference = SafetensorsFile.open(MODEL.resolve("reference.safetensors"));
                Painter plain = open("cpu-reference", steps);
                Painter fast = open("cpu-vector", steps)) {
            FirstVelocity first = new FirstVelocity(reference);
            List<PaintRequest> one = requests(plain, reference).subList(1, 2);
            List<Picture> pictures = plain.paint(one, new PaintWatcher() {
                @Override
                public boolean wantsVelocity() {
                    return true;
                }

                @Override
                public void onVelocity(int step, int picture, float[] velocity) {
                    first.onVelocity(step, 1, velocity);
                }
            });
            assertEquals(1, first.seen);
            assertTrue(first.largest <= VELOCITY_TOLERANCE, () -> "velocity off by " + first.largest);
            requireClose(fast.paint(one, PaintWatcher.NONE).getFirst(), pictures.getFirst());
            if (FEW_STEPS == plain.config().steps()) {
                requireClose(new Picture(64, 64, values(reference, "final", 1)), pictures.getFirst());
            }
        }
    }

    private static void requireClose(Picture expected, Picture actual) {
        PictureScores scores = PictureScores.of(expected, actual);
        assertTrue(scores.largestDifference() <= LEVEL_TOLERANCE, scores::toString);
    }
}
