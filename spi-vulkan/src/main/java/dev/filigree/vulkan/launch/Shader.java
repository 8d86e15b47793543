package dev.filigree.vulkan.launch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * SPIR-V and the layout that the build generated beside it: where each named parameter lies and which id each named
 * constant has.
 */
public final class Shader {
    private static final Map<String, Shader> LOADED = new ConcurrentHashMap<>();

    private final String path;
    private final byte[] spirv;
    private final Map<String, Integer> specs = new LinkedHashMap<>();
    private final Map<String, Integer> fields = new LinkedHashMap<>();
    private int sizeBytes;

    private Shader(String path) {
        this.path = path;
        this.spirv = read(path + ".spv");
        for (String line : new String(read(path + ".layout"), StandardCharsets.UTF_8)
                .lines()
                .toList()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "size" -> sizeBytes = Integer.parseInt(words[1]);
                case "spec" -> specs.put(words[1], Integer.parseInt(words[2]));
                default -> fields.put(words[1], Integer.parseInt(words[2]));
            }
        }
    }

    /** The shader {@code <folder>/<name>}. */
    public static Shader of(String path) {
        return LOADED.computeIfAbsent(path, Shader::new);
    }

    private static byte[] read(String path) {
        try (InputStream in = Shader.class.getResourceAsStream("/dev/filigree/vulkan/spirv/" + path)) {
            if (in == null) {
                throw new IllegalStateException("shader " + path + " is missing from the jar");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Folder and name. */
    public String path() {
        return path;
    }

    /** The code. */
    public byte[] spirv() {
        return spirv.clone();
    }

    /** Ids of specialization constants by name; 0 is the work group's size. */
    public Map<String, Integer> specs() {
        return specs;
    }

    /** Bytes of the parameters. */
    public int sizeBytes() {
        return sizeBytes;
    }

    /** Byte offset of a parameter. */
    public int offset(String field) {
        Integer offset = fields.get(field);
        if (offset == null) {
            throw new IllegalArgumentException(
                    "shader " + path + " has no parameter " + field + ", only " + fields.keySet());
        }
        return offset;
    }

    /** Whether there is such a parameter. */
    public boolean has(String field) {
        return fields.containsKey(field);
    }
}
