package dev.filigree.vulkan.device;

import dev.filigree.api.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a device multiplies as matrices, both sides alike, sums in fp32.
 *
 * @param types 16-bit types in fragments that a subgroup holds
 * @param workgroup 16-bit types in matrices of any size that a work group of {@link #WORKGROUP} lanes holds
 * @param emulated whether the shaders do by hand what the device lacks; for tests
 */
public record Matrices(Set<DType> types, Set<DType> workgroup, boolean emulated) {
    /** Lanes of a work group that holds matrices. */
    public static final int WORKGROUP = 128;

    /** None. */
    public static final Matrices NONE = new Matrices(Set.of(), Set.of(), false);

    /** By hand. */
    public static final Matrices EMULATED = new Matrices(Set.of(DType.F16, DType.BF16), Set.of(), true);

    /** Copies the sets. */
    public Matrices {
        types = Set.copyOf(types);
        workgroup = Set.copyOf(workgroup);
    }

    /** The end of the name of the shader that multiplies a type in fragments. */
    public String shader(DType type) {
        return "_cooperative_" + type.id() + (emulated ? "_emulated" : "");
    }

    /** The end of the name of the shader that multiplies a type in matrices of a work group. */
    public static String workgroupShader(DType type) {
        return "_workgroup_" + type.id();
    }

    /** The widest head that the attention shaders hold in shared memory. */
    public int mostHeadDim() {
        return emulated ? 64 : 128;
    }

    /** What a level of the config allows: 0 nothing, 1 fragments, 2 matrices of a work group as well. */
    public Matrices upTo(int level) {
        return level == 0 ? NONE : level == 1 ? new Matrices(types, Set.of(), emulated) : this;
    }

    /** The same without fragments. */
    public Matrices onlyWorkgroup() {
        return new Matrices(Set.of(), workgroup, emulated);
    }

    /** For people: what is multiplied by matrices, and of which kind. */
    public String summary() {
        List<String> kinds = new ArrayList<>();
        if (!workgroup.isEmpty()) {
            kinds.add("matrices of a work group in " + names(workgroup));
        }
        if (!types.isEmpty()) {
            kinds.add("matrices of a subgroup in " + names(types));
        }
        return kinds.isEmpty() ? "no matrices" : String.join(", ", kinds);
    }

    private static String names(Set<DType> types) {
        return types.stream().map(DType::id).sorted().collect(Collectors.joining(" and "));
    }

    /** Whether the device has them. */
    boolean inHardware() {
        return !emulated && !(types.isEmpty() && workgroup.isEmpty());
    }

    /** Whether a type is multiplied in one way or another. */
    boolean includes(DType type) {
        return types.contains(type) || workgroup.contains(type);
    }
}
