package dev.filigree.host.calibrate.heads.gradient;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.filigree.host.calibrate.CalibrationException;
import dev.filigree.host.calibrate.TextFile;
import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.JsonValue;
import java.nio.file.Path;
import java.util.List;

/** The state of a training run on disk. Numbers read back exactly; a half-written file is never left behind. */
public final class StateFile {
    private static final long MAX_BYTES = 1L << 28;
    private static final JsonMapper MAPPER = new JsonMapper();

    private final Path file;
    private final String run;

    /**
     * A state file.
     *
     * @param run everything that decides about the run; a state of another run is refused
     */
    public StateFile(Path file, String run) {
        this.file = file;
        this.run = run;
    }

    /** Replaces the file. */
    public void write(GateOptimizer.State state) {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("format", "filigree-gate-training")
                .put("version", 1)
                .put("run", run)
                .put("step", state.step());
        put(root, "gates", state.gates());
        put(root, "mean", state.mean());
        put(root, "square", state.square());
        TextFile.replace(file, root.toPrettyString() + "\n");
    }

    private static void put(ObjectNode root, String key, float[] values) {
        ArrayNode array = root.putArray(key);
        for (float value : values) {
            array.add(value);
        }
    }

    /**
     * Reads the file.
     *
     * @throws CalibrationException if it is not a state, or one of another run
     */
    public GateOptimizer.State read() {
        JsonValue root = JsonFile.read(file, MAX_BYTES, CalibrationException::new);
        String theirs = root.get("run").string();
        if (!theirs.equals(run)) {
            throw new CalibrationException(file + " belongs to the run \"" + theirs + "\"; accepted: \"" + run + "\"");
        }
        GateOptimizer.State state = new GateOptimizer.State(
                floats(root.get("gates")),
                floats(root.get("mean")),
                floats(root.get("square")),
                root.get("step").integer(0, Integer.MAX_VALUE));
        if (state.mean().length != state.gates().length || state.square().length != state.gates().length) {
            throw root.problem("gates, mean and square have " + state.gates().length + ", " + state.mean().length
                    + " and " + state.square().length + " numbers; accepted: as many of each");
        }
        return state;
    }

    private static float[] floats(JsonValue array) {
        List<JsonValue> elements = array.elements();
        float[] values = new float[elements.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) elements.get(i).number(-Float.MAX_VALUE, Float.MAX_VALUE);
        }
        return values;
    }
}
