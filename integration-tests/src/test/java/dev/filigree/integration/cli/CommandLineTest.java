package dev.filigree.integration.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.filigree.integration.process.ModulePathProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands as users run them: on the module path, through exit code, output and JSON. */
class CommandLineTest {
    private static final Duration SOON = Duration.ofMinutes(2);
    private static final Duration LATER = Duration.ofMinutes(10);

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"run", "tokenize", "check", "backends", "explain", "needle", "verify", "bench"})
    void everyCommandHasHelpWithExamples(String command) throws Exception {
        var result = ModulePathProcess.cli(command, "--help").run(SOON);
        assertEquals(0, result.exitCode(), result.toString());
        assertTrue(result.out().contains("Usage: filigree " + command), result.out());
        assertTrue(result.out().contains("Examples:\n  "), result.out());
        assertTrue(result.out().contains("--json"), result.out());
    }

    @Test
    void backendsListsTheReferenceAsJson() throws Exception {
        var result = ModulePathProcess.cli("backends", "--json").run(SOON);
        assertEquals(0, result.exitCode(), result.toString());
        JsonNode reference = null;
        for (JsonNode backend : new JsonMapper().readTree(result.out()).get("backends")) {
            assertTrue(backend.has(backend.get("available").booleanValue() ? "devices" : "reasons"), result.out());
            if (backend.get("name").textValue().equals("cpu-reference")) {
                reference = backend;
            }
        }
        assertTrue(reference != null && reference.get("available").booleanValue(), result.out());
    }

    @Test
    void verifyCertifiesABackendAndAPolicyInAProcessOfTheirOwn() throws Exception {
        Path page = folder.resolve("certificate.html");
        var result = ModulePathProcess.cli(
                        "verify",
                        "--backend",
                        "cpu-vector",
                        "--policy",
                        "streaming:sink=4:recent=24",
                        "--profile",
                        "attention-core",
                        "--tier",
                        "smoke",
                        "--html",
                        page.toString(),
                        "--json",
                        "-")
                .run(SOON);
        assertEquals(0, result.exitCode(), result.toString());
        JsonNode certificate = new JsonMapper().readTree(result.out());
        assertEquals("conforms", certificate.get("verdict").textValue(), result.err());
        assertEquals("cpu-vector", certificate.get("backend").textValue());
        assertTrue(certificate.get("passed").intValue() > 50, result.out());
        assertTrue(result.out().contains("mass least "), result.out());
        assertTrue(result.err().contains("cpu-vector conforms"), result.err());
        assertTrue(Files.readString(page).contains("required_R201"), page::toString);
    }

    @Test
    void verifyRefusesWhatItDoesNotKnow() throws Exception {
        var backend = ModulePathProcess.cli("verify", "--backend", "abacus").run(SOON);
        assertEquals(2, backend.exitCode(), backend.toString());
        assertTrue(backend.err().contains("no backend abacus is installed; found are [cpu-reference, "), backend.err());
        var policy = ModulePathProcess.cli("verify", "--backend", "cpu-vector", "--policy", "lserve:bugdet=4")
                .run(SOON);
        assertEquals(2, policy.exitCode(), policy.toString());
        assertTrue(policy.err().contains("policy lserve has options [budget, "), policy.err());
    }

    @Test
    void aMissingBackendFailsWithReasonsAndTheKey() throws Exception {
        var result = ModulePathProcess.cli("run", "examples/needle.yaml", "--prompt", "x", "--backend", "abacus")
                .run(SOON);
        assertEquals(2, result.exitCode(), result.toString());
        assertTrue(result.err().contains("backend abacus (backend.name) cannot serve this run"), result.err());
        assertTrue(result.err().contains("NOT_BUILT: no backend of that name is on the module path"), result.err());
        assertFalse(result.err().contains("\tat "), result.err());
    }

    @Test
    void densePolicyFindsWhatStreamingForgets() throws Exception {
        Path report = folder.resolve("needle.json");
        var needle = ModulePathProcess.cli(
                        "needle", "--task", "single", "--tokens", "768", "--depth", "0.3", "--json", report.toString())
                .run(SOON);
        String answer = new JsonMapper().readTree(report.toFile()).get("answer").textValue();
        Path results = folder.resolve("results.json");
        var run = ModulePathProcess.cli(
                        "run",
                        "examples/needle.yaml",
                        "--against",
                        "examples/streaming.yaml",
                        "--prompt-file",
                        "-",
                        "--expect",
                        answer,
                        "--json",
                        results.toString())
                .withInput(needle.out())
                .run(LATER);
        assertEquals(0, run.exitCode(), run.toString());
        JsonNode runs = new JsonMapper().readTree(results.toFile()).get("runs");
        assertEquals(answer, runs.get(0).get("answer").textValue());
        assertTrue(runs.get(0).get("right").booleanValue());
        assertFalse(runs.get(1).get("right").booleanValue());
        assertEquals(1.0, runs.get(0).get("prefillDensity").doubleValue());
        assertTrue(runs.get(1).get("prefillDensity").doubleValue() < 0.75, runs.toString());
        assertTrue(run.out().contains("WRONG"), run.out());
    }

    @Test
    void tokenizeGoesThereAndBack() throws Exception {
        var result = ModulePathProcess.cli("tokenize", "examples/models/needle-16k")
                .withInput("Hello")
                .run(SOON);
        assertEquals(0, result.exitCode(), result.toString());
        assertEquals("256 72 101 108 108 111\nHello\n6 tokens, decoded to the same text\n", result.out());
    }

    @Test
    void explainNeedsNoWeights() throws Exception {
        Path model = Files.createDirectory(folder.resolve("model"));
        Files.copy(
                Path.of(System.getProperty("filigree.root"), "examples/models/needle-16k/config.json"),
                model.resolve("config.json"));
        Path config = Files.writeString(
                folder.resolve("config.yaml"), "model: model\nattention: {policy: streaming, sink: 64, recent: 256}\n");
        var result = ModulePathProcess.cli("explain", config.toString(), "--tokens", "16384")
                .run(SOON);
        assertEquals(0, result.exitCode(), result.toString());
        assertTrue(
                result.out().contains("KV heads 0, 1, 2, 3: streaming(sink=64, recent=256), KV class ring"),
                result.out());
        assertTrue(result.out().contains("layers 0 to 5, each"), result.out());
        assertTrue(result.out().contains("prefill of 16384"), result.out());
    }

    /**
     * 16385 tokens, one list per KV head, a choice every 4 steps: 24 heads of 64 read 2 x 2 bytes x 64 channels x 1024 logical
     * pages a choice in scores, and 16 pages of 64 tokens with 8 scales and zeros bytes in attention.
     */
    @Test
    void explainPricesPageSelection() throws Exception {
        Path model = Files.createDirectory(folder.resolve("model"));
        Files.copy(
                Path.of(System.getProperty("filigree.root"), "examples/models/needle-16k/config.json"),
                model.resolve("config.json"));
        Path config = Files.writeString(
                folder.resolve("config.yaml"),
                "model: model\nattention: {policy: lserve, budget: 1024, lists: kv-group}\nkvCache: {k: int4, v: int4}\n");
        var result = ModulePathProcess.cli("explain", config.toString(), "--tokens", "16384", "--json")
                .run(SOON);
        assertEquals(0, result.exitCode(), result.toString());
        JsonNode told = new JsonMapper().readTree(result.out());
        assertEquals(
                "24 lists of 16 of 257 pages of 64 tokens, chosen every 4 steps; 2 for the sink and the newest are always in",
                told.get("pages").get(0).textValue());
        JsonNode steps = told.get("decode").get("attentionSteps");
        double entries = 24 * 16385 / 16.0;
        assertEquals(
                entries * 4 * 64 / 4, steps.get("PageScore").get("bytesRead").doubleValue(), 0.02 * entries * 64);
        assertEquals(
                24 * 1024 * (32 + 4 + 32 + 4.0),
                steps.get("PagedAttention").get("bytesRead").doubleValue(),
                24 * 1024 * 4.0);
        assertEquals(24 * 16385 / 64.0, steps.get("PageSelect").get("bytesRead").doubleValue(), 1);
    }

    /** The crossover is a constant of the named backend, which explain asks without opening it. */
    @Test
    void explainSaysWhereSparsePrefillBeginsToPay() throws Exception {
        Path model = Files.createDirectory(folder.resolve("model"));
        Files.copy(
                Path.of(System.getProperty("filigree.root"), "examples/models/needle-16k/config.json"),
                model.resolve("config.json"));
        Path config = Files.writeString(
                folder.resolve("config.yaml"),
                "model: model\nattention: {policy: xattention, crossover: measured}\nbackend: {name: cpu-vector}\n");
        var under = ModulePathProcess.cli("explain", config.toString(), "--tokens", "1023")
                .run(SOON);
        assertTrue(
                under.out()
                        .contains(
                                "layer 0 prefill: dense, 1023 tokens are below the crossover of 1024 measured on cpu-vector"),
                under.toString());
        assertFalse(under.out().contains("AntidiagonalScore["), under.out());
        var over = ModulePathProcess.cli("explain", config.toString(), "--tokens", "1024")
                .run(SOON);
        assertTrue(over.out().contains("crossover to dense: 1024 measured on cpu-vector"), over.toString());
        assertTrue(over.out().contains("AntidiagonalScore["), over.out());
    }

    @Test
    void aFailedCheckSaysSoAndExitsWithOne() throws Exception {
        Path source = Path.of(
                System.getProperty("filigree.root"),
                "integration-tests/src/test/resources/hf-tiny/llama2/reference.json");
        Path wrong = Files.writeString(
                folder.resolve("wrong.json"), Files.readString(source).replaceFirst("-0\\.62591", "-0.6257"));
        String checkpoint = "integration-tests/src/test/resources/hf-tiny/llama2";
        var passed = ModulePathProcess.cli("check", checkpoint, source.toString(), "--backend", "cpu-reference")
                .run(SOON);
        var failed = ModulePathProcess.cli("check", checkpoint, wrong.toString(), "--backend", "cpu-reference")
                .run(SOON);
        assertEquals(0, passed.exitCode(), passed.toString());
        assertEquals(1, failed.exitCode(), failed.toString());
        assertTrue(failed.out().contains("FAIL"), failed.out());
        assertTrue(failed.out().contains("position 0: logits differ by 2."), failed.out());
    }

    /** Two steps, both of which the sparse config keeps dense: equal pictures, side by side on a sheet. */
    @Test
    void paintComparesConfigsOnASheet() throws Exception {
        Path sheet = folder.resolve("sheet.png");
        Path report = folder.resolve("paint.json");
        var painted = ModulePathProcess.cli(
                        "paint",
                        "a large red ring left of a small blue cross on grey",
                        "--steps",
                        "2",
                        "--guidance",
                        "1",
                        "--config",
                        "examples/shapes.yaml",
                        "--against",
                        "examples/shapes-xattention.yaml",
                        "-o",
                        sheet.toString(),
                        "--json",
                        report.toString())
                .run(LATER);
        assertEquals(0, painted.exitCode(), painted.toString());
        JsonNode runs = new JsonMapper().readTree(report.toFile()).get("runs");
        assertEquals(2, runs.get(0).get("attentionSteps").get("dense").intValue());
        assertEquals("equal", runs.get(1).get("psnr").textValue());
        byte[] png = Files.readAllBytes(sheet);
        assertEquals("PNG", new String(png, 1, 3, java.nio.charset.StandardCharsets.ISO_8859_1));
        var unknown = ModulePathProcess.cli("paint", "a purple elephant", "-o", sheet.toString())
                .run(SOON);
        assertEquals(2, unknown.exitCode(), unknown.toString());
        assertTrue(unknown.err().contains("elephant") || unknown.err().contains("purple"), unknown.err());
    }

    /** Few inputs, so that it is over soon: 8 bits on both sides keep the answer all the same. */
    @Test
    void quantizeWritesACheckpointThatAnswers() throws Exception {
        Path checkpoint = folder.resolve("needle-w8a8");
        Path page = folder.resolve("quantize.html");
        Path report = folder.resolve("quantize.json");
        String options =
                "--scheme w8a8 --smooth none --rank 4 --iterations 1 --samples 1 --rows 64 --min-tokens 600 --max-tokens 700";
        List<String> command = new ArrayList<>(List.of("quantize", "examples/models/needle-16k"));
        command.addAll(List.of(options.split(" ")));
        command.addAll(List.of("-o", checkpoint.toString(), "--html", page.toString(), "--json", report.toString()));
        var quantized = ModulePathProcess.cli(command.toArray(String[]::new)).run(LATER);
        assertEquals(0, quantized.exitCode(), quantized.toString());
        JsonNode groups = new JsonMapper().readTree(report.toFile()).get("errors");
        assertEquals(6 * 4, groups.size(), "four groups in each of six layers");
        for (JsonNode group : groups) {
            double plain = group.get("plain").doubleValue();
            assertTrue(plain > 0 && plain < 0.05, groups::toString);
        }
        assertTrue(Files.readString(page).contains("layer 5 gate, up"));
        Path config = Files.writeString(
                folder.resolve("w8a8.yaml"),
                "model: " + checkpoint
                        + "\nlinear: {policy: w8a8}\nprompt: {text: 'The pass key for amber otter is 83412. "
                        + "What is the pass key for amber otter? '}\ngeneration: {maxTokens: 5}\n");
        var answered = ModulePathProcess.cli("run", config.toString(), "--expect", "83412")
                .run(LATER);
        assertEquals(0, answered.exitCode(), answered.toString());
        assertTrue(answered.out().contains("83412"), answered.out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"needle --task riddle", "needle --tokens 5", "run", "run missing.yaml", "nonsense"})
    void wrongUsageExitsWithTwoAndOneSentence(String line) throws Exception {
        var result = ModulePathProcess.cli(line.split(" ")).run(SOON);
        assertEquals(2, result.exitCode(), result.toString());
        assertTrue(result.err().lines().anyMatch(text -> text.startsWith("filigree: ")), result.err());
        assertFalse(result.err().contains("\tat "), result.err());
    }
}
