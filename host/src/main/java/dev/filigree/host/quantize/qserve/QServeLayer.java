package dev.filigree.host.quantize.qserve;

import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.host.quantize.QuantizedTensor;
import dev.filigree.host.quantize.QuantizedWeights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One layer from the published layout to this project's and back. Per channel a weight is {@code s1 q - szeros}; in groups it
 * is {@code s1 (s2 q - s2 z)}, where the second factor fits int8 (QServe section 4.1). At 8 bits it is {@code scale q}.
 */
public final class QServeLayer {
    /** The largest scale over int8 that keeps 15 of its steps in a byte. */
    private static final int MAX_GROUP_SCALE = 17;

    private final LinearShape shape;

    /** A layer of that shape. */
    public QServeLayer(LinearShape shape) {
        this.shape = shape;
    }

    /** Whether tensors are those of a layer in this layout. */
    static boolean isOne(Map<String, QuantizedTensor> tensors) {
        QuantizedTensor weight = tensors.get("weight");
        return tensors.containsKey("qweight") || (weight != null && weight.dtype() == DType.I8);
    }

    /**
     * The layer of published tensors.
     *
     * @param tensors by name without the layer's
     * @throws CheckpointException if a tensor is missing, has another shape or type, or groups leave int8
     */
    public QuantizedWeights read(Map<String, QuantizedTensor> tensors) {
        Map<String, QuantizedTensor> ours = new LinkedHashMap<>();
        QuantFormat format;
        if (!tensors.containsKey("qweight")) {
            format = readBytes(tensors, ours);
        } else if (tensors.containsKey("s2_scales") || tensors.containsKey("s2_zeros")) {
            format = readGroups(tensors, ours);
        } else {
            format = readChannels(tensors, ours);
        }
        if (tensors.containsKey("bias")) {
            ours.put("bias", find(tensors, "bias", DType.F16, shape.outFeatures()));
        }
        return new QuantizedWeights(
                new LinearStorage(
                        format,
                        dtype(ours, "wzeros"),
                        dtype(ours, "channel_scales"),
                        dtype(ours, "bias"),
                        Optional.empty(),
                        0,
                        0,
                        DType.BF16),
                ours);
    }

    private QuantFormat readBytes(Map<String, QuantizedTensor> tensors, Map<String, QuantizedTensor> ours) {
        int out = shape.outFeatures();
        QuantizedTensor scales = find(tensors, "dequant_scale");
        float[] values = scales.values();
        if (values.length != out || scales.shape().size() != 1) {
            throw wrong(
                    "dequant_scale", scales.shape() + " of " + scales.dtype().id(), "[" + out + "] of f16 or f32");
        }
        if (scales.dtype() != DType.F16 && scales.dtype() != DType.F32) {
            throw wrong("dequant_scale", scales.dtype().id(), "f16 or f32");
        }
        ours.put("qweight", find(tensors, "weight", DType.I8, out, shape.inFeatures()));
        ours.put("wscales", QuantizedTensor.of(scales.dtype(), values, out, 1));
        return new QuantFormat(DType.I8, 0, scales.dtype());
    }

    private QuantFormat readChannels(Map<String, QuantizedTensor> tensors, Map<String, QuantizedTensor> ours) {
        int out = shape.outFeatures();
        ours.put("qweight", codes(tensors));
        float[] scales = find(tensors, "s1_scales", DType.F16, out).values();
        float[] zeros = find(tensors, "s1_szeros", DType.F16, out).values();
        ours.put("wscales", QuantizedTensor.of(DType.F16, scales, out, 1));
        ours.put("wzeros", QuantizedTensor.of(DType.F16, negated(zeros), out, 1));
        return new QuantFormat(DType.U4, 0, DType.F16);
    }

    private QuantFormat readGroups(Map<String, QuantizedTensor> tensors, Map<String, QuantizedTensor> ours) {
        int out = shape.outFeatures();
        int groups = requireGroups();
        ours.put("qweight", codes(tensors));
        byte[] scaleBytes = find(tensors, "s2_scales", DType.I8, groups, out).bytes();
        byte[] zeroBytes = find(tensors, "s2_zeros", DType.I8, groups, out).bytes();
        float[] scales = new float[out * groups];
        float[] zeros = new float[out * groups];
        float[] codes = ours.get("qweight").values();
        for (int n = 0; n < out; n++) {
            for (int g = 0; g < groups; g++) {
                int at = QServeIndex.group(n, g, out);
                // The byte is the zero's product with the scale, negated modulo 256.
                int zero = -zeroBytes[at] & 255;
                requireInt8(codes, n, g, scaleBytes[at], zero);
                scales[n * groups + g] = scaleBytes[at];
                zeros[n * groups + g] = -zero;
            }
        }
        ours.put("wscales", QuantizedTensor.of(DType.F16, scales, out, groups));
        ours.put("wzeros", QuantizedTensor.of(DType.F16, zeros, out, groups));
        ours.put("channel_scales", find(tensors, "s1_scales", DType.F16, out));
        return new QuantFormat(DType.U4, QServeIndex.GROUP, DType.F16);
    }

    /** That a group's numbers are what the published engine computes: in bytes, they must not wrap. */
    private void requireInt8(float[] codes, int n, int g, int scale, int zero) {
        if (scale < 1 || scale > MAX_GROUP_SCALE || zero % scale != 0 || zero / scale > 15) {
            throw new CheckpointException("group " + g + " of row " + n + " of " + shape.name() + " has scale " + scale
                    + " and zero " + zero + "; accepted: a scale from 1 to " + MAX_GROUP_SCALE
                    + " and a zero of 0 to 15 times that");
        }
        int first = n * shape.inFeatures() + g * QServeIndex.GROUP;
        for (int i = first; i < first + QServeIndex.GROUP; i++) {
            int number = (int) codes[i] * scale - zero;
            if (number < -128 || number > 127) {
                throw new CheckpointException("group " + g + " of row " + n + " of " + shape.name() + " holds " + number
                        + "; accepted: -128 to 127, which weights in the protective range of 119 keep");
            }
        }
    }

    private int requireGroups() {
        if (shape.inFeatures() % QServeIndex.GROUP != 0) {
            throw new CheckpointException("layer " + shape.name() + " has " + shape.inFeatures()
                    + " columns; accepted in groups: a multiple of " + QServeIndex.GROUP);
        }
        return shape.inFeatures() / QServeIndex.GROUP;
    }

    private QuantizedTensor codes(Map<String, QuantizedTensor> tensors) {
        int out = shape.outFeatures();
        int in = shape.inFeatures();
        if (out % QServeIndex.TILE != 0 || in % QServeIndex.TILE != 0) {
            throw new CheckpointException("layer " + shape.name() + " is [" + out + ", " + in
                    + "]; accepted at 4 bits: multiples of " + QServeIndex.TILE);
        }
        byte[] packed = find(tensors, "qweight", DType.I8, out, in / 2).bytes();
        byte[] codes = new byte[out * in];
        for (int n = 0; n < out; n++) {
            for (int k = 0; k < in; k++) {
                int place = QServeIndex.code(n, k, in);
                codes[n * in + k] = (byte) (packed[place / 2] >> place % 2 * 4 & 15);
            }
        }
        return QuantizedTensor.ofCodes(DType.U4, codes, out, in);
    }

    /** Zeros here are what is subtracted there. */
    static float[] negated(float[] values) {
        float[] negated = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            // 0 - x rather than -x: a zero of 0 stays without a sign.
            negated[i] = 0 - values[i];
        }
        return negated;
    }

    private static Optional<DType> dtype(Map<String, QuantizedTensor> tensors, String name) {
        return Optional.ofNullable(tensors.get(name)).map(QuantizedTensor::dtype);
    }

    private QuantizedTensor find(Map<String, QuantizedTensor> tensors, String name) {
        QuantizedTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new CheckpointException("tensor " + shape.name() + "." + name
                    + " is missing; accepted: all tensors of a layer, not " + tensors.keySet());
        }
        return tensor;
    }

    private QuantizedTensor find(Map<String, QuantizedTensor> tensors, String name, DType dtype, long... sizes) {
        QuantizedTensor tensor = find(tensors, name);
        List<Long> accepted = java.util.Arrays.stream(sizes).boxed().toList();
        if (tensor.dtype() != dtype || !tensor.shape().equals(accepted)) {
            throw wrong(name, tensor.shape() + " of " + tensor.dtype().id(), accepted + " of " + dtype.id());
        }
        return tensor;
    }

    private CheckpointException wrong(String name, String actual, String accepted) {
        return new CheckpointException(
                "tensor " + shape.name() + "." + name + " is " + actual + "; accepted: " + accepted);
    }

    /**
     * The published tensors of a layer. Scales and biases are rounded to f16, as the layout has them.
     *
     * @throws IllegalArgumentException if the layer is stored in a way that the layout does not have
     */
    public Map<String, QuantizedTensor> publish(QuantizedWeights layer) {
        return new QServePublisher(shape, layer).tensors();
    }
}
