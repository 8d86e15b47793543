package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.BackendOptions;
import dev.filigree.host.diffusion.PaintRequest;
import dev.filigree.host.diffusion.PaintWatcher;
import dev.filigree.host.diffusion.Painter;
import dev.filigree.host.diffusion.PainterConfig;
import dev.filigree.host.engine.EngineConfig;
import dev.filigree.host.picture.Picture;
import dev.filigree.host.picture.PictureScores;
import dev.filigree.host.wiring.EngineParts;
import dev.filigree.integration.process.ProjectTree;
import dev.filigree.policies.config.ConfigReader;
import dev.filigree.policies.config.RunConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The configs of the picture model paint on Vulkan, here on lavapipe with the validation layers on, what the vector backend
 * paints; {@link ShapesModelTest} holds that one to the reference and to PyTorch.
 */
class VulkanShapesTest {
    private static final Path EXAMPLES = ProjectTree.root().resolve("examples");
    private static final int STEPS = 2;
    private static final int PIXELS = 3 * 64 * 64;

    /** fp32 sums in another order, through two steps; ShapesModelTest allows as much. */
    private static final int LEVEL_TOLERANCE = 2;

    @ParameterizedTest
    @ValueSource(strings = {"shapes.yaml", "shapes-xattention.yaml"})
    void paintsAsTheVectorBackendDoes(String config) throws IOException {
        // With one dense step, the second one chooses blocks.
        String text = Files.readString(EXAMPLES.resolve(config)).replace("warmupSteps: 5", "warmupSteps: 1");
        RunConfig run = ConfigReader.installed().readText(text, EXAMPLES.resolve(config));
        WatchedBackend expected = new WatchedBackend("cpu-vector", BackendOptions.NONE);
        WatchedBackend actual = new WatchedBackend("vulkan", new BackendOptions(Map.of("validation", "1")));
        Picture picture = paint(run, expected);
        PictureScores scores = PictureScores.of(picture, paint(run, actual));
        assertTrue(scores.largestDifference() <= LEVEL_TOLERANCE, scores::toString);
        assertEquals(text.contains("xattention"), !expected.selections().isEmpty());
        Selection.requireSame(expected.selections(), actual.selections());
    }

    private static Picture paint(RunConfig run, WatchedBackend backend) {
        EngineConfig parts = EngineParts.of(run.withBackend("watched"), backend.selector());
        PainterConfig config = new PainterConfig(
                parts.checkpoint(),
                parts.attention(),
                parts.linear(),
                parts.adapters(),
                parts.activations(),
                OptionalInt.of(STEPS),
                OptionalDouble.of(1),
                1,
                parts.backend());
        try (Painter painter = new Painter(config, backend.selector())) {
            Random random = new Random(7);
            float[] noise = new float[PIXELS];
            for (int i = 0; i < PIXELS; i++) {
                noise[i] = (float) random.nextGaussian();
            }
            PaintRequest request = new PaintRequest(painter.config().prompts().getFirst(), noise);
            return painter.paint(List.of(request), PaintWatcher.NONE).getFirst();
        }
    }
}
