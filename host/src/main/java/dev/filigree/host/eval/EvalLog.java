package dev.filigree.host.eval;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.filigree.host.calibrate.CalibrationException;
import dev.filigree.host.calibrate.TextFile;
import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.JsonValue;
import dev.filigree.host.needle.NeedleTask;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Outcomes so far, on disk if a file is given: an evaluation that was interrupted asks only what is missing. Outcomes belong
 * to a config by its name and what it says, so a changed config starts over.
 */
public final class EvalLog {
    private static final long MAX_BYTES = 1L << 30;
    private static final JsonMapper MAPPER = new JsonMapper();

    private final Optional<Path> file;
    private final Map<String, EvalResult> results = new LinkedHashMap<>();

    private EvalLog(Optional<Path> file) {
        this.file = file;
    }

    /**
     * Opens a log.
     *
     * @param file read if it is there; absent for a log in memory
     * @throws CalibrationException if it holds something else
     */
    public static EvalLog open(Optional<Path> file) {
        EvalLog log = new EvalLog(file);
        if (file.isPresent() && Files.exists(file.get())) {
            JsonValue root = JsonFile.read(file.get(), MAX_BYTES, CalibrationException::new);
            root.get("results").members().forEach((key, value) -> log.results.put(key, read(value)));
        }
        return log;
    }

    private static String key(String fingerprint, String caseId) {
        return fingerprint + "/" + caseId;
    }

    /** The outcome of a case, if it is known. */
    public Optional<EvalResult> find(String fingerprint, String caseId) {
        return Optional.ofNullable(results.get(key(fingerprint, caseId)));
    }

    /** Keeps an outcome and writes the file. */
    public void add(String fingerprint, EvalResult result) {
        results.put(key(fingerprint, result.id()), result);
        file.ifPresent(path -> {
            ObjectNode root = MAPPER.createObjectNode();
            root.put("format", "filigree-eval").put("version", 1);
            ObjectNode all = root.putObject("results");
            results.forEach((key, value) -> write(all.putObject(key), value));
            TextFile.replace(path, root.toPrettyString() + "\n");
        });
    }

    /** All outcomes in the order in which they came. */
    public List<EvalResult> results() {
        return List.copyOf(results.values());
    }

    private static void write(ObjectNode node, EvalResult r) {
        node.put("config", r.config()).put("id", r.id()).put("task", r.task().id());
        node.put("size", r.size()).put("depth", r.depth());
        node.put("expected", r.expected()).put("answer", r.answer()).put("exact", r.exact());
        node.put("promptTokens", r.promptTokens());
        node.put("prefillSeconds", r.prefillSeconds()).put("decodeSeconds", r.decodeSeconds());
        node.put("prefillDensity", r.prefillDensity()).put("decodeDensity", r.decodeDensity());
        node.put("kvBytes", r.kvBytes());
    }

    private static EvalResult read(JsonValue value) {
        return new EvalResult(
                value.get("config").string(),
                value.get("id").string(),
                task(value.get("task")),
                value.get("size").integer(0, Integer.MAX_VALUE),
                value.get("depth").number(0, 1),
                value.get("expected").string(),
                value.get("answer").string(),
                value.get("promptTokens").integer(0, Integer.MAX_VALUE),
                value.get("prefillSeconds").number(0, Double.MAX_VALUE),
                value.get("decodeSeconds").number(0, Double.MAX_VALUE),
                value.get("prefillDensity").number(0, Double.MAX_VALUE),
                value.get("decodeDensity").number(0, Double.MAX_VALUE),
                (long) value.get("kvBytes").number(0, Long.MAX_VALUE));
    }

    private static NeedleTask task(JsonValue value) {
        String id = value.string();
        return Arrays.stream(NeedleTask.values())
                .filter(task -> task.id().equals(id))
                .findFirst()
                .orElseThrow(() -> value.notA("one of "
                        + Arrays.stream(NeedleTask.values()).map(NeedleTask::id).collect(Collectors.joining(", "))));
    }
}
