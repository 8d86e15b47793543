package dev.filigree.host.quantize;

import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.tensor.DType;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** How weights are stored, and with which activations the error is judged that the search makes small. */
public enum Scheme {
    /** INT4 in groups of 64 on both sides (SVDQuant section 4). */
    W4A4_INT4("w4a4", QuantFormat.INT4_G64, Optional.of(QuantFormat.INT4_G64)),
    /** NVFP4 on both sides: e2m1 in groups of 16, e4m3 scales over one scale per tensor. */
    W4A4_NVFP4("nvfp4", QuantFormat.NVFP4, Optional.of(QuantFormat.NVFP4)),
    /** INT4 in groups of 64 under 8-bit activations. */
    W4A8("w4a8", QuantFormat.INT4_G64, Optional.of(QuantFormat.INT8_ROW)),
    /** u4 with one scale and zero per channel under 8-bit activations (QServe section 4.1). */
    W4A8_CHANNEL("w4a8-channel", new QuantFormat(DType.U4, 0, DType.F32), Optional.of(QuantFormat.INT8_ROW)),
    /** u4 in groups of 128 over int8 per channel, in the protective range (QServe section 4.1). */
    W4A8_PROGRESSIVE("w4a8-group", new QuantFormat(DType.U4, 128, DType.F16), Optional.of(QuantFormat.INT8_ROW)),
    /** 8 bits on both sides, one scale per channel and per token (SmoothQuant section 3). */
    W8A8("w8a8", QuantFormat.INT8_ROW, Optional.of(QuantFormat.INT8_ROW)),
    /** u4 with zeros in groups of 64 under 16-bit activations. */
    W4A16("w4a16", new QuantFormat(DType.U4, 64, DType.F16), Optional.empty());

    private final String id;
    private final QuantFormat weight;
    private final Optional<QuantFormat> activation;

    Scheme(String id, QuantFormat weight, Optional<QuantFormat> activation) {
        this.id = id;
        this.weight = weight;
        this.activation = activation;
    }

    /**
     * Whether inputs that a shift makes positive are shifted, to use unsigned codes: of the integers only 4 bits gain from
     * it, e2m1 has no unsigned form, and an input that is not quantized has nothing to gain.
     */
    public boolean shiftsInputs() {
        return this == W4A4_INT4;
    }

    /** The scheme of a name. */
    public static Scheme of(String id) {
        return Arrays.stream(values())
                .filter(scheme -> scheme.id.equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("scheme must be one of "
                        + Arrays.stream(values()).map(Scheme::id).collect(Collectors.joining(", ")) + ", not \"" + id
                        + "\""));
    }

    /** Its name on the command line. */
    public String id() {
        return id;
    }

    /** Codes and scales of weights. */
    public QuantFormat weight() {
        return weight;
    }

    /** Codes and scales of activations; absent: 16 bits. */
    public Optional<QuantFormat> activation() {
        return activation;
    }
}
