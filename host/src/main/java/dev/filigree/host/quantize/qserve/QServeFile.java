package dev.filigree.host.quantize.qserve;

import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.DecoderWeights;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.checkpoint.StoredType;
import dev.filigree.host.checkpoint.WeightRole;
import dev.filigree.host.decoder.DecoderModel;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.host.quantize.QuantizedTensor;
import dev.filigree.host.quantize.QuantizedWeights;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decoders in the published layout, as the released converter writes them: projections of their own each, all other tensors at
 * 16 or 32 bits. What is not known to be of the layout is refused by name.
 */
public final class QServeFile {
    private static final Set<WeightRole> LINEARS = EnumSet.of(
            WeightRole.QUERY,
            WeightRole.KEY,
            WeightRole.VALUE,
            WeightRole.OUTPUT,
            WeightRole.GATE,
            WeightRole.UP,
            WeightRole.DOWN);
    private static final Set<String> FUSED = Set.of("self_attn.qkv_proj.", "mlp.gate_up_proj.");
    private static final String KV_SCALES = ".kv_scale_quant_orig";

    private QServeFile() {}

    /**
     * A decoder that was read.
     *
     * @param layers quantized layers by name
     * @param others all other tensors; valid until the checkpoint is closed
     * @param leftOut tensors without use here: scales of a cache whose scales are found per token
     */
    public record Decoder(Map<String, QuantizedWeights> layers, List<StoredTensor> others, List<String> leftOut) {
        /** Copies the collections. */
        public Decoder {
            layers = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(layers));
            others = List.copyOf(others);
            leftOut = List.copyOf(leftOut);
        }
    }

    /**
     * Reads an open checkpoint.
     *
     * @throws CheckpointException if a layer or a tensor is not of the layout
     */
    public static Decoder read(Checkpoint checkpoint) {
        Map<String, StoredTensor> left = new LinkedHashMap<>(checkpoint.tensors());
        Map<String, QuantizedWeights> layers = new LinkedHashMap<>();
        for (LinearShape shape : linears(checkpoint)) {
            Map<String, QuantizedTensor> tensors = new HashMap<>();
            List<String> names = new ArrayList<>();
            left.forEach((name, stored) -> {
                if (name.startsWith(shape.name() + ".")) {
                    names.add(name);
                    tensors.put(name.substring(shape.name().length() + 1), tensor(stored));
                }
            });
            if (QServeLayer.isOne(tensors)) {
                layers.put(shape.name(), new QServeLayer(shape).read(tensors));
                names.forEach(left::remove);
            }
        }
        if (layers.isEmpty()) {
            throw new CheckpointException(checkpoint.folder()
                    + " has no layer with tensors qweight and s1_scales, or weight as I8 and dequant_scale; accepted: a"
                    + " checkpoint of QServe or LServe" + fused(left.keySet()));
        }
        List<String> leftOut =
                left.keySet().stream().filter(name -> name.endsWith(KV_SCALES)).toList();
        leftOut.forEach(left::remove);
        left.values().forEach(QServeFile::requireFloats);
        return new Decoder(layers, List.copyOf(left.values()), leftOut);
    }

    private static List<LinearShape> linears(Checkpoint checkpoint) {
        Map<WeightRole, List<Long>> shapes = DecoderWeights.shapes(checkpoint.config());
        List<LinearShape> linears = new ArrayList<>();
        for (int layer = 0; layer < checkpoint.config().numLayers(); layer++) {
            int index = layer;
            shapes.forEach((role, shape) -> {
                if (LINEARS.contains(role)) {
                    String weight = role.tensorName(index);
                    linears.add(new LinearShape(
                            weight.substring(0, weight.lastIndexOf('.')),
                            Math.toIntExact(shape.getFirst()),
                            Math.toIntExact(shape.getLast())));
                }
            });
        }
        return linears;
    }

    /** What a file looks like that was taken out of a running engine. */
    private static String fused(Set<String> names) {
        return names.stream().anyMatch(name -> FUSED.stream().anyMatch(name::contains))
                ? ", whose query, key, value, gate and up projections are tensors of their own, not fused"
                : "";
    }

    private static QuantizedTensor tensor(StoredTensor stored) {
        try {
            DType dtype = DecoderModel.dtype(stored.spec().type());
            return new QuantizedTensor(
                    dtype, stored.spec().shape(), stored.data().toArray(ValueLayout.JAVA_BYTE));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(stored.file() + ": tensor "
                    + stored.spec().name() + " has type " + stored.spec().type() + "; accepted: I8, F16 or F32");
        }
    }

    private static void requireFloats(StoredTensor stored) {
        StoredType type = stored.spec().type();
        if (type != StoredType.F32 && type != StoredType.F16 && type != StoredType.BF16) {
            throw new CheckpointException(
                    stored.file() + ": tensor " + stored.spec().name() + " of type " + type
                            + " is not known in this layout; accepted: the tensors of projections, and others as F32, F16 or BF16");
        }
    }
}
