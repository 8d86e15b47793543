import static org.lwjgl.util.shaderc.Shaderc.*;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Build step: compiles every {@code <op>/<name>.comp} to SPIR-V, and writes beside it the layout of its parameters.
 *
 * <p>A shader declares what it is given in lines that start with {@code //@}. From them come both the GLSL that reads
 * a value and the line of the layout file by which Java writes it, so names are all that both sides share:
 *
 * <pre>
 * //@ extension NAME  a GLSL extension beyond those of the prelude
 * //@ spec NAME       a specialization constant (uint)
 * //@ tensor x        address, extents and strides of up to four axes, dtype as specialization constant x_DTYPE
 * //@ tensors parts   address of an array of Tensor descriptors, parts_COUNT of them
 * //@ uint n          a number; also int, float and address (64 bits)
 * </pre>
 */
public final class ShaderBuild {
    private static final int MAX_AXES = 4;

    private static final String FRAGMENTS = "shared/fragments.glsl";
    private static final String EMULATED = "shared/fragments_emulated.glsl";

    private final Path source;
    private final boolean emulated;
    private final StringBuilder extensions = new StringBuilder();
    private final StringBuilder specs = new StringBuilder();
    private final StringBuilder fields = new StringBuilder();
    private final StringBuilder accessors = new StringBuilder();
    private final List<String> layout = new ArrayList<>();
    private int nextSpec = 1; // 0 is LANES, the size of the work group
    private int nextOffset;

    private ShaderBuild(Path source, boolean emulated) {
        this.source = source;
        this.emulated = emulated;
    }

    /**
     * Arguments: the folder of sources, the folder for results, and one for the shaders over matrices with their fragments
     * emulated, which tests run where no device has matrices.
     */
    public static void main(String[] args) throws IOException {
        Path from = Path.of(args[0]);
        Path to = Path.of(args[1]);
        List<Path> shaders;
        try (Stream<Path> files = Files.walk(from)) {
            shaders = files.filter(f -> f.toString().endsWith(".comp")).sorted().toList();
        }
        for (Path shader : shaders) {
            String path = from.relativize(shader).toString().replace('\\', '/');
            make(new ShaderBuild(from, false), shader, to.resolve(path));
            if (path.contains("_cooperative_")) {
                make(
                        new ShaderBuild(from, true),
                        shader,
                        Path.of(args[2]).resolve(path.replace(".comp", "_emulated.comp")));
            }
        }
    }

    private static void make(ShaderBuild build, Path shader, Path target) throws IOException {
        Files.createDirectories(target.getParent());
        build.build(shader, target);
    }

    private void build(Path shader, Path target) throws IOException {
        StringBuilder body = new StringBuilder();
        expand(shader, body);
        String prelude = Files.readString(source.resolve("shared/prelude.glsl"));
        int afterVersion = prelude.indexOf('\n') + 1;
        String glsl = prelude.substring(0, afterVersion)
                + extensions
                + prelude.substring(afterVersion)
                + specs
                + "layout(buffer_reference, scalar, buffer_reference_align = 8) readonly buffer Params {\n"
                + (fields.isEmpty() ? "uint none;\n" : fields)
                + "};\n#define P Params(push.params)\n" + accessors + body;
        String name = target.getFileName().toString().replace(".comp", "");
        try {
            Files.write(target.resolveSibling(name + ".spv"), compile(shader.toString(), glsl, version()));
        } catch (IllegalStateException e) {
            throw new IllegalStateException(shader + ": " + e.getMessage(), e);
        }
        layout.add("size " + (nextOffset + 7) / 8 * 8);
        Files.write(target.resolveSibling(name + ".layout"), layout);
    }

    private void expand(Path file, StringBuilder body) throws IOException {
        for (String line : Files.readAllLines(file)) {
            if (line.startsWith("//@ ")) {
                String[] words = line.substring(4).strip().split("\\s+");
                declare(words[0], words[1]);
            } else if (line.startsWith("#include ")) {
                String name = line.substring(9).replace("\"", "").strip();
                expand(source.resolve(emulated && name.equals(FRAGMENTS) ? EMULATED : name), body);
            } else {
                body.append(line).append('\n');
            }
        }
    }

    private void declare(String kind, String name) {
        switch (kind) {
            case "extension" -> extensions.append("#extension ").append(name).append(" : require\n");
            case "spec" -> spec(name);
            case "tensor" -> tensor(name);
            case "tensors" -> {
                field("address", name, "uint64_t", 8);
                field("uint", name + "_COUNT", "uint", 4);
            }
            case "uint", "int", "float" -> field(kind, name, kind, 4);
            case "address" -> field(kind, name, "uint64_t", 8);
            default -> throw new IllegalArgumentException("unknown declaration " + kind + " " + name);
        }
    }

    private void spec(String name) {
        specs.append("layout(constant_id = ")
                .append(nextSpec)
                .append(") const uint ")
                .append(name)
                .append(" = 1;\n"); // of arrays, too, which may not be empty
        layout.add("spec " + name + " " + nextSpec++);
    }

    private void field(String kind, String name, String type, int bytes) {
        if (nextOffset % bytes != 0) {
            fields.append("uint pad").append(nextOffset).append(";\n");
            nextOffset += 4;
        }
        fields.append(type).append(' ').append(name).append(";\n");
        layout.add(kind + " " + name + " " + nextOffset);
        nextOffset += bytes;
    }

    private void tensor(String name) {
        spec(name + "_DTYPE");
        field("address", name + "_AT", "uint64_t", 8);
        for (String what : List.of("_N", "_S")) {
            for (int axis = 0; axis < MAX_AXES; axis++) {
                field("uint", name + what + axis, "uint", 4);
            }
        }
        accessors.append("""
                uint64_t x_at(uint i, uint j, uint k) {
                    return uint64_t(i) * P.x_S0 + uint64_t(j) * P.x_S1 + uint64_t(k) * P.x_S2;
                }
                uint64_t x_row(uint t, uint c) {
                    return rowElement(t, c, uvec4(P.x_N0, P.x_N1, P.x_N2, P.x_N3), uvec4(P.x_S0, P.x_S1, P.x_S2, P.x_S3));
                }
                float x_load(uint64_t e) { return loadElement(P.x_AT, x_DTYPE, e); }
                int x_int(uint64_t e) { return loadInt(P.x_AT, x_DTYPE, e); }
                void x_store(uint64_t e, float v) { storeElement(P.x_AT, x_DTYPE, e, v); }
                void x_put(uint64_t e, int v) { storeInt(P.x_AT, x_DTYPE, e, v); }
                """.replaceAll("\\bx_", name + "_").replaceAll("P\\.x_", "P." + name + "_"));
    }

    /** Matrices of a work group exist from SPIR-V 1.6 on. */
    private int version() {
        return extensions.indexOf("GL_NV_cooperative_matrix2") < 0
                ? shaderc_spirv_version_1_5
                : shaderc_spirv_version_1_6;
    }

    private static byte[] compile(String name, String glsl, int version) {
        long compiler = shaderc_compiler_initialize();
        long options = shaderc_compile_options_initialize();
        shaderc_compile_options_set_target_env(options, shaderc_target_env_vulkan, shaderc_env_version_vulkan_1_3);
        shaderc_compile_options_set_target_spirv(options, version);
        // The optimiser folds 16-bit constants, which the storage capability alone does not allow; drivers optimise
        // anyway.
        shaderc_compile_options_set_optimization_level(options, shaderc_optimization_level_zero);
        long result = shaderc_compile_into_spv(compiler, glsl, shaderc_compute_shader, name, "main", options);
        if (shaderc_result_get_compilation_status(result) != shaderc_compilation_status_success) {
            throw new IllegalStateException(shaderc_result_get_error_message(result));
        }
        ByteBuffer code = shaderc_result_get_bytes(result);
        byte[] bytes = new byte[code.remaining()];
        code.get(bytes);
        shaderc_result_release(result);
        shaderc_compile_options_release(options);
        shaderc_compiler_release(compiler);
        return bytes;
    }
}
