package dev.filigree.vulkan.device;

import dev.filigree.api.tensor.DType;
import java.util.Set;

/**
 * What a device multiplies as matrices.
 *
 * @param types 16-bit types, both sides alike, sums in fp32
 * @param emulated whether the shaders do by hand what the device lacks; for tests
 */
public record Matrices(Set<DType> types, boolean emulated) {
    /** None. */
    public static final Matrices NONE = new Matrices(Set.of(), false);

    /** By hand. */
    public static final Matrices EMULATED = new Matrices(Set.of(DType.F16, DType.BF16), true);

    /** Copies the set. */
    public Matrices {
        types = Set.copyOf(types);
    }

    /** The end of the name of the shader that multiplies a type. */
    public String shader(DType type) {
        return "_cooperative_" + type.id() + (emulated ? "_emulated" : "");
    }

    /** The widest head that the attention shaders hold in shared memory. */
    public int mostHeadDim() {
        return emulated ? 64 : 128;
    }

    /** Whether the device has them. */
    boolean inHardware() {
        return !emulated && !types.isEmpty();
    }
}
