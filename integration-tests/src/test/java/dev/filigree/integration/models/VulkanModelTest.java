package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.BackendOptions;
import dev.filigree.host.Filigree;
import dev.filigree.host.Generation;
import dev.filigree.host.GenerationListener;
import dev.filigree.host.GenerationOptions;
import dev.filigree.integration.process.ProjectTree;
import dev.filigree.policies.config.ConfigReader;
import dev.filigree.policies.config.RunConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every example config of the language model runs on Vulkan, here on lavapipe with the validation layers on, and answers as
 * the reference does after choosing the same blocks and pages.
 */
class VulkanModelTest {
    private static final Path EXAMPLES = ProjectTree.root().resolve("examples");
    private static final int NUM_TOKENS = 3;

    static List<String> configs() throws IOException {
        try (Stream<Path> files = Files.list(EXAMPLES)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".yaml") && !name.startsWith("shapes"))
                    .sorted()
                    .toList();
        }
    }

    /** What a model answered, and every list of blocks and pages it chose on the way. */
    private record Run(List<Integer> tokens, List<Selection> selections) {}

    @ParameterizedTest
    @MethodSource("configs")
    void answersAndChoosesAsTheReferenceDoes(String config) throws IOException {
        String prose =
                Files.readString(EXAMPLES.resolve("prompts/passkey-4k.txt")).substring(0, 144);
        String prompt = prose + " The pass key for amber otter is 83412. What is the pass key for amber otter? ";
        String text = shortened(Files.readString(EXAMPLES.resolve(config)));
        RunConfig run = ConfigReader.installed().readText(text, EXAMPLES.resolve(config));
        Run expected = run(run, prompt, "cpu-reference", BackendOptions.NONE);
        assertEquals(NUM_TOKENS, expected.tokens().size());
        boolean chooses = text.contains("xattention") || text.contains("lserve");
        assertEquals(chooses, !expected.selections().isEmpty());
        Run actual = run(run, prompt, "vulkan", new BackendOptions(Map.of("validation", "1")));
        Selection.requireSame(expected.selections(), actual.selections());
        assertEquals(expected.tokens(), actual.tokens());
    }

    /** Windows, budgets and blocks that 230 tokens are longer than, so that heads forget and choose as on long prompts. */
    private static String shortened(String config) {
        return config.replace("recent: 256", "recent: 64")
                .replace("budget: 1024", "budget: 192")
                .replace("    threshold: 0.95", "    threshold: 0.95\n    blockSize: 32");
    }

    @Test
    void theMainJobFindsThePassKey() {
        RunConfig run = ConfigReader.read(EXAMPLES.resolve("needle.yaml")).withBackend("vulkan");
        try (Filigree model = Filigree.open(run)) {
            String prompt = "The pass key for amber otter is 83412. What is the pass key for amber otter? ";
            Generation answer = model.generate(prompt, GenerationOptions.greedy(6), GenerationListener.NONE);
            assertTrue(answer.text().startsWith("83412"), answer::text);
        }
    }

    private static Run run(RunConfig config, String prompt, String name, BackendOptions options) {
        WatchedBackend backend = new WatchedBackend(name, options);
        RunConfig small =
                config.withBackend("watched").withLimits(config.limits().withMaxContext(1024));
        try (Filigree model = Filigree.open(small, backend.selector())) {
            GenerationOptions greedy = GenerationOptions.greedy(NUM_TOKENS);
            List<Integer> tokens =
                    model.generate(prompt, greedy, GenerationListener.NONE).tokens();
            return new Run(tokens, List.copyOf(backend.selections()));
        }
    }
}
