package dev.filigree.host.quantize.qserve;

import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.host.quantize.QuantizedTensor;
import dev.filigree.host.quantize.QuantizedWeights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Packs one layer as the published converter does. */
final class QServePublisher {
    private final QuantizedWeights layer;
    private final int out;
    private final int in;

    QServePublisher(LinearShape shape, QuantizedWeights layer) {
        this.layer = layer;
        out = shape.outFeatures();
        in = shape.inFeatures();
        LinearStorage storage = layer.storage();
        QuantFormat format = storage.weight();
        boolean zeros = storage.zeros().isPresent();
        boolean channels = storage.channelScales().isPresent();
        boolean tiled = out % QServeIndex.TILE == 0 && in % QServeIndex.TILE == 0;
        boolean bytes = format.codes() == DType.I8 && format.groupSize() == 0 && !zeros && !channels;
        boolean rows = format.codes() == DType.U4 && format.groupSize() == 0 && zeros && !channels && tiled;
        boolean groups = format.codes() == DType.U4
                && format.groupSize() == QServeIndex.GROUP
                && zeros
                && channels
                && tiled
                && in % QServeIndex.GROUP == 0;
        boolean plain = storage.smooth().isEmpty() && storage.shift() == 0 && storage.rank() == 0;
        if (!plain || !(bytes || rows || groups)) {
            throw new IllegalArgumentException(
                    "the published layout has i8 per row, and u4 with zeros per row or in groups of "
                            + QServeIndex.GROUP + " over channel scales, without smoothing or branch, not " + storage);
        }
    }

    Map<String, QuantizedTensor> tensors() {
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        if (layer.storage().weight().codes() == DType.I8) {
            tensors.put("weight", tensor("qweight"));
            DType dtype = tensor("wscales").dtype() == DType.F16 ? DType.F16 : DType.F32;
            tensors.put(
                    "dequant_scale", QuantizedTensor.of(dtype, tensor("wscales").values(), out));
        } else {
            tensors.put("qweight", codes());
            if (layer.storage().weight().groupSize() == 0) {
                tensors.put("s1_scales", half("wscales"));
                float[] zeros = QServeLayer.negated(tensor("wzeros").values());
                tensors.put("s1_szeros", QuantizedTensor.of(DType.F16, zeros, out));
            } else {
                tensors.put("s1_scales", half("channel_scales"));
                tensors.put("s2_scales", groups(tensor("wscales").values()));
                tensors.put("s2_zeros", groups(tensor("wzeros").values()));
            }
        }
        if (layer.tensors().containsKey("bias")) {
            tensors.put("bias", half("bias"));
        }
        return tensors;
    }

    private QuantizedTensor codes() {
        float[] codes = tensor("qweight").values();
        byte[] packed = new byte[out * in / 2];
        for (int n = 0; n < out; n++) {
            for (int k = 0; k < in; k++) {
                int place = QServeIndex.code(n, k, in);
                packed[place / 2] |= (byte) ((int) codes[n * in + k] << place % 2 * 4);
            }
        }
        return new QuantizedTensor(DType.I8, List.of((long) out, in / 2L), packed);
    }

    /** Whole numbers per group, the lowest byte of each. */
    private QuantizedTensor groups(float[] values) {
        int groups = in / QServeIndex.GROUP;
        byte[] bytes = new byte[out * groups];
        for (int n = 0; n < out; n++) {
            for (int g = 0; g < groups; g++) {
                bytes[QServeIndex.group(n, g, out)] = (byte) (int) values[n * groups + g];
            }
        }
        return new QuantizedTensor(DType.I8, List.of((long) groups, (long) out), bytes);
    }

    private QuantizedTensor half(String name) {
        return QuantizedTensor.of(DType.F16, tensor(name).values(), out);
    }

    private QuantizedTensor tensor(String name) {
        QuantizedTensor tensor = layer.tensors().get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("the layer has no tensor " + name);
        }
        return tensor;
    }
}
