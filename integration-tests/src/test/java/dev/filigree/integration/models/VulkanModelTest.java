package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every example config runs on Vulkan, here on lavapipe, and answers as the reference does. */
class VulkanModelTest {
    private static final Path EXAMPLES = ProjectTree.root().resolve("examples");

    static List<String> configs() throws IOException {
        try (Stream<Path> files = Files.list(EXAMPLES)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".yaml") && !name.startsWith("shapes"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void answersAsTheReferenceDoes(String config) throws IOException {
        // Longer than sink and recent window together, so that streaming heads forget and blocks are chosen.
        String prose =
                Files.readString(EXAMPLES.resolve("prompts/passkey-4k.txt")).substring(0, 400);
        String prompt =
                prose + " The pass key for amber otter is 83412. It rained. What is the pass key for amber otter? ";
        RunConfig run = ConfigReader.read(EXAMPLES.resolve(config));
        List<Integer> expected = answer(run.withBackend("cpu-reference"), prompt);
        assertEquals(8, expected.size());
        assertEquals(expected, answer(run.withBackend("vulkan"), prompt));
    }

    @Test
    void theDenseModelFindsThePassKey() {
        RunConfig run = ConfigReader.read(EXAMPLES.resolve("needle.yaml")).withBackend("vulkan");
        try (Filigree model = Filigree.open(run)) {
            String prompt = "The pass key for amber otter is 83412. What is the pass key for amber otter? ";
            Generation answer = model.generate(prompt, GenerationOptions.greedy(6), GenerationListener.NONE);
            assertTrue(answer.text().startsWith("83412"), answer::text);
        }
    }

    private static List<Integer> answer(RunConfig config, String prompt) {
        try (Filigree model = Filigree.open(config)) {
            return model.generate(prompt, GenerationOptions.greedy(8), GenerationListener.NONE)
                    .tokens();
        }
    }
}
