package dev.filigree.host.quantize.nunchaku;

import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.quantize.QuantizedTensor;
import dev.filigree.host.quantize.QuantizedWeights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One layer of u4 codes with zeros in groups of 64 under 16-bit activations, to the published layout and back. */
public final class NunchakuWeightOnlyLayer {
    private static final int GROUP = 64;

    private final int out;
    private final int in;
    private final Places transposed;

    /**
     * A layer of that many features.
     *
     * @throws IllegalArgumentException if outFeatures is no multiple of 4 or inFeatures none of 64: nothing is padded here
     */
    public NunchakuWeightOnlyLayer(int outFeatures, int inFeatures) {
        if (outFeatures % 4 != 0 || inFeatures % GROUP != 0) {
            throw new IllegalArgumentException("outFeatures must be a multiple of 4 and inFeatures of 64, not "
                    + outFeatures + " and " + inFeatures);
        }
        out = outFeatures;
        in = inFeatures;
        transposed = (n, g) -> g * out + n;
    }

    /**
     * The tensors of the published layout.
     *
     * @param half bf16 or f16: what scales, zeros and bias are rounded to
     * @throws IllegalArgumentException if the layer is stored in another way
     */
    public Map<String, QuantizedTensor> publish(QuantizedWeights layer, DType half) {
        LinearStorage storage = layer.storage();
        boolean fits = storage.weight().codes() == DType.U4 && storage.weight().groupSize() == GROUP;
        if (!fits
                || storage.rank() > 0
                || storage.smooth().isPresent()
                || storage.channelScales().isPresent()) {
            throw new IllegalArgumentException(
                    "the published layout has u4 in groups of 64 without smoothing or branch," + " not "
                            + storage.weight());
        }
        float[] values = layer.tensors().getOrDefault("qweight", zeros(out, in)).values();
        byte[] nibbles = new byte[out * in];
        for (int n = 0; n < out; n++) {
            for (int k = 0; k < in; k++) {
                nibbles[NunchakuIndex.weightOnlyCode(n, k, in)] = Nibbles.code(DType.U4, values[n * in + k]);
            }
        }
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        tensors.put("qweight", new QuantizedTensor(DType.I32, List.of(out / 4L, in / 2L), Nibbles.pack(nibbles)));
        for (String name : List.of("wscales", "wzeros")) {
            float[] given =
                    layer.tensors().getOrDefault(name, zeros(out, in / GROUP)).values();
            tensors.put(
                    name,
                    QuantizedTensor.of(
                            half, transposed.spread(given, out, in / GROUP, given.length, 0), in / GROUP, out));
        }
        QuantizedTensor bias = layer.tensors().get("bias");
        if (bias != null) {
            tensors.put("bias", QuantizedTensor.of(half, bias.values(), out));
        }
        return tensors;
    }

    private static QuantizedTensor zeros(int rows, int columns) {
        return QuantizedTensor.of(DType.F32, new float[rows * columns], rows, columns);
    }

    /**
     * The layer of tensors in the published layout.
     *
     * @throws dev.filigree.host.checkpoint.CheckpointException if a tensor is missing or has another shape
     */
    public QuantizedWeights read(Map<String, QuantizedTensor> tensors) {
        byte[] nibbles = Nibbles.unpack(
                Names.codes(tensors, "qweight", DType.I32, out / 4, in / 2).bytes());
        byte[] codes = new byte[out * in];
        for (int n = 0; n < out; n++) {
            for (int k = 0; k < in; k++) {
                codes[n * in + k] = nibbles[NunchakuIndex.weightOnlyCode(n, k, in)];
            }
        }
        Map<String, QuantizedTensor> ours = new LinkedHashMap<>();
        ours.put("qweight", QuantizedTensor.ofCodes(DType.U4, codes, out, in));
        for (String name : List.of("wscales", "wzeros")) {
            QuantizedTensor stored = Names.numbers(tensors, name, in / GROUP, out);
            float[] values = transposed.gather(stored.values(), out, in / GROUP);
            ours.put(name, QuantizedTensor.of(stored.dtype(), values, out, in / GROUP));
        }
        Optional<QuantizedTensor> bias = Optional.ofNullable(tensors.get("bias"));
        bias.ifPresent(b -> ours.put("bias", Names.numbers(tensors, "bias", out)));
        DType half = Names.find(tensors, "wscales").dtype();
        return new QuantizedWeights(
                new LinearStorage(
                        new QuantFormat(DType.U4, GROUP, half),
                        Optional.of(Names.find(tensors, "wzeros").dtype()),
                        Optional.empty(),
                        bias.map(QuantizedTensor::dtype),
                        Optional.empty(),
                        0,
                        0,
                        DType.BF16),
                ours);
    }
}
