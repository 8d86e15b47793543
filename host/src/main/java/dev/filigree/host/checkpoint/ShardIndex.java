package dev.filigree.host.checkpoint;

import dev.filigree.host.json.JsonFile;
import dev.filigree.host.json.JsonValue;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** {@code model.safetensors.index.json}: which file of a folder holds which tensor. */
final class ShardIndex {
    static final String FILE_NAME = "model.safetensors.index.json";

    private static final long MAX_BYTES = 256L << 20;

    private ShardIndex() {}

    /**
     * Reads an index.
     *
     * @return tensor name to file name, a plain name of a file beside the index
     * @throws CheckpointException if the index is malformed or names a file elsewhere
     */
    static Map<String, String> read(Path index) {
        JsonValue json = JsonFile.read(index, MAX_BYTES, CheckpointException::new);
        Map<String, String> files = new LinkedHashMap<>();
        json.get("weight_map").members().forEach((tensor, file) -> {
            String name = file.string();
            if (!name.matches("[A-Za-z0-9_-][A-Za-z0-9._-]*\\.safetensors")) {
                throw file.notA("the name of a .safetensors file in the same folder");
            }
            files.put(tensor, name);
        });
        return files;
    }
}
