package dev.filigree.host.quantize.steps;

import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.host.quantize.QuantizedTensor;
import dev.filigree.host.quantize.QuantizedWeights;
import dev.filigree.host.quantize.grid.GroupGrid;
import dev.filigree.host.quantize.grid.WeightGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Turns a rounded group into the tensors of its layers. */
final class Packer {
    private static final DType BIAS = DType.F32;
    private static final DType SMOOTH = DType.BF16;

    private final GroupData data;

    Packer(GroupData data) {
        this.data = data;
    }

    List<QuantizedWeights> pack(Split split, GroupGrid grid, float[] rounded, double[] shiftOutputs) {
        List<QuantizedWeights> all = new ArrayList<>();
        for (int i = 0; i < data.group.linears().size(); i++) {
            all.add(pack(i, split, grid, rounded, shiftOutputs));
        }
        return all;
    }

    private QuantizedWeights pack(int index, Split split, GroupGrid groupGrid, float[] rounded, double[] shift) {
        LinearShape linear = data.group.linears().get(index);
        WeightGrid grid = groupGrid.grid(index);
        long out = linear.outFeatures();
        long in = linear.inFeatures();
        long groups = grid.format().groups(in);
        int start = groupGrid.start(index);
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        tensors.put(
                "qweight",
                QuantizedTensor.ofCodes(grid.format().codes(), grid.codes(groupGrid.part(rounded, index)), out, in));
        tensors.put("wscales", QuantizedTensor.of(grid.format().scaleDtype(), grid.scales(), out, groups));
        if (grid.zeros().length > 0) {
            tensors.put("wzeros", QuantizedTensor.of(DType.F32, grid.zeros(), out, groups));
        }
        if (grid.channels().length > 0) {
            tensors.put("channel_scales", QuantizedTensor.of(DType.F32, grid.channels(), out));
        }
        bias(linear, start, shift).ifPresent(b -> tensors.put("bias", QuantizedTensor.of(BIAS, b, out)));
        if (!isOne(split.smooth())) {
            tensors.put("smooth", QuantizedTensor.of(SMOOTH, split.smooth(), in));
        }
        if (split.rank() > 0) {
            float[] up =
                    Arrays.copyOfRange(split.up(), start * split.rank(), (start + linear.outFeatures()) * split.rank());
            tensors.put("low_rank_down", QuantizedTensor.of(Splitter.FACTORS, split.down(), split.rank(), in));
            tensors.put("low_rank_up", QuantizedTensor.of(Splitter.FACTORS, up, out, split.rank()));
        }
        return new QuantizedWeights(storage(grid, tensors, split), tensors);
    }

    private LinearStorage storage(WeightGrid grid, Map<String, QuantizedTensor> tensors, Split split) {
        return new LinearStorage(
                grid.format(),
                dtype(tensors, "wzeros"),
                dtype(tensors, "channel_scales"),
                dtype(tensors, "bias"),
                dtype(tensors, "smooth"),
                data.group.shift(),
                split.rank(),
                Splitter.FACTORS);
    }

    private static Optional<DType> dtype(Map<String, QuantizedTensor> tensors, String name) {
        return Optional.ofNullable(tensors.get(name)).map(QuantizedTensor::dtype);
    }

    /** The layer's own bias without what the shift adds to the low-bit side; empty if there is nothing to add. */
    private Optional<float[]> bias(LinearShape linear, int start, double[] shift) {
        float[] own = data.bias(linear);
        if (own.length == 0 && data.group.shift() == 0) {
            return Optional.empty();
        }
        float[] bias = new float[linear.outFeatures()];
        for (int n = 0; n < bias.length; n++) {
            bias[n] = (float) ((own.length == 0 ? 0 : own[n]) - shift[start + n]);
        }
        return Optional.of(bias);
    }

    private static boolean isOne(float[] values) {
        for (float value : values) {
            if (value != 1) {
                return false;
            }
        }
        return true;
    }
}
