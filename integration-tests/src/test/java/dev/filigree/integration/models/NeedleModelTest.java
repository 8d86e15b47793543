package dev.filigree.integration.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.filigree.host.check.CheckResult;
import dev.filigree.host.check.ReferenceCase;
import dev.filigree.host.check.ReferenceCheck;
import dev.filigree.host.check.ReferenceFile;
import dev.filigree.host.check.Tracer;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.needle.NeedleTask;
import dev.filigree.host.tokenizer.Tokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The demo model gives its reference numbers, and finds what is hidden in 4096 tokens. */
class NeedleModelTest {
    /** The plain loops of the reference take minutes for one such prompt: one task by default, all with this property. */
    private static final boolean ALL = Boolean.getBoolean("filigree.slow");

    private static final int SIZE = 4096;
    private static final double DEPTH = 0.4;

    static List<String> backends() {
        return TestModels.cpuBackends();
    }

    static Stream<Arguments> tasksOnBackends() {
        return backends().stream()
                .flatMap(backend -> Stream.of(NeedleTask.values()).map(task -> Arguments.of(backend, task)));
    }

    @ParameterizedTest
    @MethodSource("backends")
    void meetsItsReferenceNumbers(String backend) {
        Tokenizer tokenizer = Tokenizer.read(TestModels.needle());
        try (Engine engine = TestModels.open(TestModels.exact(TestModels.needle(), backend, 1, 512))) {
            ReferenceCheck check =
                    new ReferenceCheck(engine, 96, 1e-4, Optional.of(ids -> tokenizer.decode(ids, true)));
            List<ReferenceCase> cases = ReferenceFile.read(TestModels.needle().resolve("reference.json"));
            assertEquals(3, cases.size());
            for (ReferenceCase one : cases) {
                assertTrue(one.greedyText().isPresent());
                CheckResult result = check.run(one);
                assertTrue(result.passes(), result::toString);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("tasksOnBackends")
    void findsTheNeedle(String backend, NeedleTask task) throws IOException {
        assumeTrue(
                ALL || !backend.equals("cpu-reference") || task == NeedleTask.SINGLE,
                "the reference backend needs minutes; -Dfiligree.slow=true runs it");
        JsonNode needle = needle(task);
        String answer = needle.get("answer").textValue();
        Tokenizer tokenizer = Tokenizer.read(TestModels.needle());
        int[] prompt = tokenizer.encode(needle.get("prompt").textValue(), true);
        int numTokens = tokenizer.encode(answer, false).length;
        try (Engine engine = TestModels.open(TestModels.exact(TestModels.needle(), backend, 1, SIZE))) {
            int[] drawn = new Tracer(engine).greedy(prompt, 512, numTokens);
            assertEquals(answer, tokenizer.decode(drawn, true));
        }
    }

    private static JsonNode needle(NeedleTask task) throws IOException {
        JsonMapper mapper = new JsonMapper();
        Path cases = TestModels.needle().resolve("eval-cases.jsonl.gz");
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(cases)), StandardCharsets.UTF_8))) {
            for (String line : (Iterable<String>) lines.lines()::iterator) {
                JsonNode one = mapper.readTree(line);
                if (one.get("task").textValue().equals(task.id())
                        && one.get("size").intValue() == SIZE
                        && one.get("depth").doubleValue() == DEPTH) {
                    return one;
                }
            }
        }
        throw new AssertionError("no case of task " + task.id() + ", size " + SIZE + ", depth " + DEPTH);
    }
}
