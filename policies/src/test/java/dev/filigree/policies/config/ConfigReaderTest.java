package dev.filigree.policies.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.tensor.DType;
import dev.filigree.policies.golden.Golden;
import dev.filigree.policies.registry.PolicyRegistry;
import dev.filigree.policies.yaml.YamlParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Configs are read whole; what is wrong is told at once, with line, key, actual and accepted values. */
class ConfigReaderTest {
    private static final Path FOLDER = Path.of("src", "test", "resources", "config");

    private static ConfigReader reader() {
        return new ConfigReader(
                PolicyRegistry.installed(), List.of(new KnownBackend("cpu-reference", List.of("threads"))));
    }

    /** Messages without the folder of this checkout. */
    private static String relative(String text) {
        return text.replace(FOLDER.toAbsolutePath() + "/", "").replace(FOLDER + "/", "");
    }

    private static ConfigException refused(String text) {
        return assertThrows(ConfigException.class, () -> reader().readText(text, FOLDER.resolve("inline.yaml")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"mistakes", "combinations"})
    void allProblemsAreToldAtOnce(String name) throws IOException {
        ConfigException e =
                assertThrows(ConfigException.class, () -> reader().readFile(FOLDER.resolve(name + ".yaml")));
        Golden.check("errors/" + name + ".txt", relative(String.valueOf(e.getMessage())) + "\n");
        List<Integer> lines = e.problems().stream().map(ConfigProblem::line).toList();
        assertEquals(lines.stream().sorted().toList(), lines);
    }

    /** Found by fuzzing: a path of 20,000 characters made an error of as many. */
    @Test
    void aProblemStaysALineToRead() {
        ConfigException e = refused("model: m\n" + "k".repeat(1_000) + ": 1\nattention: {policy: duoattention, gates: "
                + "g".repeat(20_000) + "}\n");
        assertTrue(e.problems().size() >= 2, e::getMessage);
        e.problems().forEach(problem -> assertTrue(problem.toString().length() < 2_000, problem::toString));
        assertTrue(String.valueOf(e.getMessage()).contains(" ... "), e::getMessage);
    }

    @ParameterizedTest
    @ValueSource(strings = {"whole", "shortest"})
    void explainPrintsEveryEffectiveValue(String name) throws IOException {
        RunConfig config = reader().readFile(FOLDER.resolve(name + ".yaml"));
        Golden.check("explain/" + name + ".txt", relative(config.explain()));
    }

    @Test
    void valuesArriveTyped() {
        RunConfig config = reader().readFile(FOLDER.resolve("whole.yaml"));
        assertEquals(FOLDER.resolve("model").toAbsolutePath(), config.model());
        assertEquals(DType.BF16, config.compute());
        assertEquals(Optional.of("cpu-reference"), config.backend().name());
        assertEquals("2", config.backend().options().values().get("threads"));
        assertEquals(new GenerationConfig(5, 0.7, 40, 1, -3, true), config.generation());
        assertEquals(
                new LimitsConfig(OptionalLong.of(4096), 3, 1024, OptionalLong.of(2L << 30), 16, 1L << 30),
                config.limits());
        assertEquals(new PromptConfig(Optional.of("42"), Optional.empty()), config.prompt());
    }

    @Test
    void overridesKeepTheRest() {
        RunConfig config = reader().readFile(FOLDER.resolve("whole.yaml"));
        assertEquals(Optional.empty(), config.withBackend("auto").backend().name());
        assertEquals(Optional.of("cuda"), config.withBackend("cuda").backend().name());
        assertEquals(
                config,
                config.withGeneration(config.generation().withMaxTokens(9)).withGeneration(config.generation()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a: &x [1]\nb: *x\n",
                "a: !!java.net.URL [http://localhost]\n",
                "model: [\n",
                "model: model\n---\nmodel: other\n",
                "? [a]\n: b\n",
                "\tmodel: x\n"
            })
    void unsafeOrBrokenYamlIsRefusedWithItsLine(String text) {
        ConfigException e = refused(text);
        assertEquals(1, e.problems().size(), e::getMessage);
        assertTrue(e.problems().getFirst().line() >= 1);
    }

    @Test
    void deepNestingIsRefusedWithoutOverflow() {
        ConfigException e = refused("model: " + "[".repeat(50_000) + "]".repeat(50_000));
        assertTrue(String.valueOf(e.getMessage()).contains("at most 16 deep"), e::getMessage);
    }

    @Test
    void oversizedFilesAreRefused() {
        ConfigException e = refused("# " + "x".repeat(YamlParser.MAX_CHARACTERS));
        assertTrue(String.valueOf(e.getMessage()).contains("must have at most 262144 characters"), e::getMessage);
    }

    @Test
    void anEmptyFileLacksAModel() {
        assertEquals("model.folder", refused("").problems().getFirst().key());
    }

    @Test
    void aMissingFileAndOneThatIsNotTextAreTold(@TempDir Path folder) throws IOException {
        Path missing = folder.resolve("none.yaml");
        assertThrows(ConfigException.class, () -> reader().readFile(missing));
        Path binary =
                Files.write(folder.resolve("binary.yaml"), new byte[] {(byte) 0xff, (byte) 0xfe, 0x20, (byte) 0xc0});
        ConfigException e = assertThrows(ConfigException.class, () -> reader().readFile(binary));
        assertEquals("must be UTF-8 text", e.problems().getFirst().message());
    }

    @Test
    void hugeNumbersDoNotStallTheReader() {
        ConfigException e = refused("model: model\nlimits: {maxContext: 1e999999999}\n");
        assertEquals("limits.maxContext", e.problems().getFirst().key());
    }

    @Test
    void misspeltWordsAreMatchedByDistance() {
        assertEquals(0, Nearest.distance("sink", "SINK"));
        assertEquals(1, Nearest.distance("snk", "sink"));
        assertEquals(3, Nearest.distance("kitten", "sitting"));
        assertEquals("", Nearest.suggestion("quantum", List.of("plain")));
    }
}
