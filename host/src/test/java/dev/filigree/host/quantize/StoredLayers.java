package dev.filigree.host.quantize;

import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.quantize.grid.GridFit;
import dev.filigree.host.quantize.grid.WeightGrid;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiFunction;

/** Layers of every scheme with a bias and a branch, and what they compute. */
public final class StoredLayers {
    private static final int RANK = 4;

    private StoredLayers() {}

    /** One layer of every scheme. */
    public static List<QuantizedWeights> each(int out, int in) {
        List<QuantizedWeights> layers = new ArrayList<>();
        for (Scheme scheme : Scheme.values()) {
            layers.add(of(scheme, out, in));
        }
        return layers;
    }

    /** A layer of random weights. */
    public static QuantizedWeights of(Scheme scheme, int out, int in) {
        Random random = new Random(out + in);
        float[] weight = random(random, out * in);
        WeightGrid grid = GridFit.of(scheme, weight, out, in);
        long groups = grid.format().groups(in);
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        tensors.put(
                "qweight", QuantizedTensor.ofCodes(grid.format().codes(), grid.codes(weight), (long) out, (long) in));
        tensors.put("wscales", QuantizedTensor.of(grid.format().scaleDtype(), grid.scales(), out, groups));
        if (grid.zeros().length > 0) {
            tensors.put("wzeros", QuantizedTensor.of(DType.F16, grid.zeros(), out, groups));
        }
        if (grid.channels().length > 0) {
            tensors.put("channel_scales", QuantizedTensor.of(DType.F32, grid.channels(), out));
        }
        tensors.put("bias", QuantizedTensor.of(DType.F16, random(random, out), out));
        tensors.put("low_rank_down", QuantizedTensor.of(DType.BF16, random(random, RANK * in), RANK, in));
        tensors.put("low_rank_up", QuantizedTensor.of(DType.BF16, random(random, out * RANK), out, RANK));
        return new QuantizedWeights(
                new LinearStorage(
                        grid.format(),
                        dtype(tensors, "wzeros"),
                        dtype(tensors, "channel_scales"),
                        dtype(tensors, "bias"),
                        Optional.empty(),
                        0,
                        RANK,
                        DType.BF16),
                tensors);
    }

    private static float[] random(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static Optional<DType> dtype(Map<String, QuantizedTensor> tensors, String name) {
        return Optional.ofNullable(tensors.get(name)).map(QuantizedTensor::dtype);
    }

    /** The layer with other tensors under the same names. */
    public static QuantizedWeights map(
            QuantizedWeights layer, BiFunction<String, QuantizedTensor, QuantizedTensor> change) {
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        layer.tensors().forEach((name, tensor) -> tensors.put(name, change.apply(name, tensor)));
        return new QuantizedWeights(layer.storage(), tensors);
    }

    /** {@code [out, in + 1]}: the weight that the layer stands for, branch included, and the bias in the last column. */
    public static double[] dense(QuantizedWeights layer) {
        float[] codes = values(layer, "qweight");
        float[] scales = values(layer, "wscales");
        float[] bias = values(layer, "bias");
        int out = bias.length;
        int in = codes.length / out;
        int groups = scales.length / out;
        int size = layer.storage().weight().groupSize() == 0
                ? in
                : layer.storage().weight().groupSize();
        double[] dense = new double[out * (in + 1)];
        for (int n = 0; n < out; n++) {
            float channel = values(layer, "channel_scales").length == 0 ? 1 : values(layer, "channel_scales")[n];
            for (int k = 0; k < in; k++) {
                int g = n * groups + k / size;
                double zero = values(layer, "wzeros").length == 0 ? 0 : values(layer, "wzeros")[g];
                dense[n * (in + 1) + k] =
                        channel * ((double) scales[g] * codes[n * in + k] + zero) + branch(layer, n, k, in);
            }
            dense[n * (in + 1) + in] = bias[n];
        }
        return dense;
    }

    private static double branch(QuantizedWeights layer, int n, int k, int in) {
        double sum = 0;
        for (int r = 0; r < layer.storage().rank(); r++) {
            sum += (double) values(layer, "low_rank_up")[
                            (int) (n * layer.storage().rank()) + r]
                    * values(layer, "low_rank_down")[r * in + k];
        }
        return sum;
    }

    private static float[] values(QuantizedWeights layer, String name) {
        QuantizedTensor tensor = layer.tensors().get(name);
        return tensor == null ? new float[0] : tensor.values();
    }
}
