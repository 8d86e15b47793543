package dev.filigree.host.quantize.nunchaku;

import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.quantize.QuantizedTensor;
import dev.filigree.host.quantize.QuantizedWeights;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One layer with 4-bit codes on both sides, from this project's layout to the published one and back. Sizes are padded there:
 * codes, factors and biases with 0, scales and smoothing with 1. All 16-bit tensors of a published file have one dtype.
 */
public final class NunchakuLayer {
    private static final Places VECTOR = (n, one) -> NunchakuIndex.scale(n, 0, 1);

    private final int out;
    private final int in;
    private final int paddedOut;
    private final int paddedIn;

    /** A layer of that many features. */
    public NunchakuLayer(int outFeatures, int inFeatures) {
        out = outFeatures;
        in = inFeatures;
        paddedOut = NunchakuIndex.padded(out, NunchakuIndex.TILE);
        paddedIn = NunchakuIndex.padded(in, NunchakuIndex.TILE);
    }

    /**
     * The tensors of the published layout.
     *
     * @param half bf16 or f16: what 16-bit tensors are rounded to
     * @throws IllegalArgumentException if the layer is stored in a way that the layout does not have
     */
    public Map<String, QuantizedTensor> publish(QuantizedWeights layer, DType half) {
        LinearStorage storage = layer.storage();
        QuantFormat format = storage.weight();
        boolean integers = format.codes() == DType.I4 && format.groupSize() == 64;
        boolean floats = format.codes() == DType.E2M1 && format.groupSize() == 16;
        if (!(integers || floats)
                || storage.zeros().isPresent()
                || (integers && storage.channelScales().isPresent())) {
            throw new IllegalArgumentException("the published layout has i4 in groups of 64 and e2m1 in groups of 16"
                    + " without zeros, not " + format);
        }
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        tensors.put("qweight", codes(values(layer, "qweight"), format.codes()));
        tensors.put("wscales", integers ? scales(layer, half) : microScales(layer));
        channelScales(layer, half).forEach(tensors::put);
        tensors.put("bias", vector(layer, "bias", half, out, paddedOut, 0));
        tensors.put("smooth", vector(layer, "smooth", half, in, paddedIn, 1));
        int rank = Math.toIntExact(storage.rank());
        if (rank > 0) {
            int ranks = NunchakuIndex.padded(rank, NunchakuIndex.FACTOR_TILE);
            Places downs = (r, k) -> NunchakuIndex.down(r, k, ranks);
            Places ups = (n, r) -> NunchakuIndex.up(n, r, ranks);
            float[] down = downs.spread(values(layer, "low_rank_down"), rank, in, paddedIn * ranks, 0);
            float[] up = ups.spread(values(layer, "low_rank_up"), out, rank, paddedOut * ranks, 0);
            tensors.put("lora_down", QuantizedTensor.of(half, down, paddedIn, ranks));
            tensors.put("lora_up", QuantizedTensor.of(half, up, paddedOut, ranks));
        }
        return tensors;
    }

    private QuantizedTensor codes(float[] values, DType codes) {
        byte[] nibbles = new byte[paddedOut * paddedIn];
        for (int n = 0; n < out; n++) {
            for (int k = 0; k < in; k++) {
                nibbles[NunchakuIndex.code(n, k, paddedIn)] = Nibbles.code(codes, values[n * in + k]);
            }
        }
        return new QuantizedTensor(DType.I8, List.of((long) paddedOut, paddedIn / 2L), Nibbles.pack(nibbles));
    }

    private QuantizedTensor scales(QuantizedWeights layer, DType half) {
        int groups = paddedIn / 64;
        Places places = (n, g) -> NunchakuIndex.scale(n, g, groups);
        float[] scales = places.spread(values(layer, "wscales"), out, Math.ceilDiv(in, 64), paddedOut * groups, 1);
        return QuantizedTensor.of(half, scales, groups, paddedOut);
    }

    private QuantizedTensor microScales(QuantizedWeights layer) {
        int groups = paddedIn / 16;
        Places places = (n, g) -> NunchakuIndex.microScale(n, g, groups);
        float[] scales = places.spread(values(layer, "wscales"), out, Math.ceilDiv(in, 16), paddedOut * groups, 1);
        return QuantizedTensor.of(DType.E4M3, scales, groups, paddedOut);
    }

    /** One number for the whole weight, or one per output. */
    private Map<String, QuantizedTensor> channelScales(QuantizedWeights layer, DType half) {
        QuantizedTensor stored = layer.tensors().get("channel_scales");
        if (stored == null) {
            return Map.of();
        }
        float[] values = stored.values();
        boolean one = true;
        for (float value : values) {
            one &= value == values[0];
        }
        return one
                ? Map.of("wtscale", QuantizedTensor.of(half, new float[] {values[0]}, 1))
                : Map.of("wcscales", vector(layer, "channel_scales", half, out, paddedOut, 1));
    }

    private QuantizedTensor vector(
            QuantizedWeights layer, String name, DType dtype, int size, int padded, float padding) {
        QuantizedTensor stored = layer.tensors().get(name);
        float[] values = new float[size];
        Arrays.fill(values, padding);
        float[] given = stored == null ? values : stored.values();
        return QuantizedTensor.of(dtype, VECTOR.spread(given, size, 1, padded, padding), padded);
    }

    private static float[] values(QuantizedWeights layer, String name) {
        QuantizedTensor tensor = layer.tensors().get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("the layer has no tensor " + name);
        }
        return tensor.values();
    }

    /**
     * The layer of tensors in the published layout; those of the newer files are called {@code smooth_factor}, {@code proj_down}
     * and {@code proj_up}. {@code smooth_orig} says how smoothing was found and is not read.
     *
     * @param shift that the input was given when the layer was quantized: 0.171875 after GELU with integers, otherwise 0
     * @throws CheckpointException if a tensor is missing or has another shape
     */
    public QuantizedWeights read(Map<String, QuantizedTensor> given, float shift) {
        Map<String, QuantizedTensor> tensors = Names.current(given);
        QuantizedTensor codes = Names.codes(tensors, "qweight", DType.I8, paddedOut, paddedIn / 2);
        QuantizedTensor scales = Names.find(tensors, "wscales");
        boolean floats = scales.dtype() == DType.E4M3;
        int groupSize = floats ? 16 : 64;
        int groups = paddedIn / groupSize;
        if (floats) {
            Names.codes(tensors, "wscales", DType.E4M3, groups, paddedOut);
        } else {
            Names.numbers(tensors, "wscales", groups, paddedOut);
        }
        QuantFormat format = floats ? QuantFormat.NVFP4 : new QuantFormat(DType.I4, groupSize, scales.dtype());
        Map<String, QuantizedTensor> ours = new LinkedHashMap<>();
        byte[] nibbles = Nibbles.unpack(codes.bytes());
        byte[] rows = new byte[out * in];
        for (int n = 0; n < out; n++) {
            for (int k = 0; k < in; k++) {
                rows[n * in + k] = Nibbles.signed(format.codes(), nibbles[NunchakuIndex.code(n, k, paddedIn)]);
            }
        }
        ours.put("qweight", QuantizedTensor.ofCodes(format.codes(), rows, out, in));
        int own = Math.ceilDiv(in, groupSize);
        Places places =
                floats ? (n, g) -> NunchakuIndex.microScale(n, g, groups) : (n, g) -> NunchakuIndex.scale(n, g, groups);
        float[] unpacked = places.gather(scales.values(), out, own);
        ours.put("wscales", QuantizedTensor.of(format.scaleDtype(), unpacked, out, own));
        readChannelScales(tensors, ours);
        readVector(tensors, "bias", out, paddedOut, ours);
        readVector(tensors, "smooth", in, paddedIn, ours);
        long rank = readFactors(tensors, ours);
        return new QuantizedWeights(
                new LinearStorage(
                        format,
                        Optional.empty(),
                        dtype(ours, "channel_scales"),
                        dtype(ours, "bias"),
                        dtype(ours, "smooth"),
                        shift,
                        rank,
                        dtype(ours, "low_rank_up").orElse(DType.BF16)),
                ours);
    }

    private static Optional<DType> dtype(Map<String, QuantizedTensor> tensors, String name) {
        return Optional.ofNullable(tensors.get(name)).map(QuantizedTensor::dtype);
    }

    private void readChannelScales(Map<String, QuantizedTensor> tensors, Map<String, QuantizedTensor> ours) {
        QuantizedTensor whole = tensors.get("wtscale");
        QuantizedTensor each = tensors.get("wcscales");
        if (whole == null && each == null) {
            return;
        }
        float[] values = new float[out];
        Arrays.fill(values, whole == null ? 1 : one(tensors, whole));
        if (each != null) {
            Names.numbers(tensors, "wcscales", paddedOut);
            float[] factors = VECTOR.gather(each.values(), out, 1);
            for (int n = 0; n < out; n++) {
                values[n] *= factors[n];
            }
        }
        boolean product = whole != null && each != null;
        DType dtype = product ? DType.F32 : (each == null ? Names.find(tensors, "wtscale") : each).dtype();
        ours.put("channel_scales", QuantizedTensor.of(dtype, values, out));
    }

    /** A number that stands alone or as a tensor of one element. */
    private static float one(Map<String, QuantizedTensor> tensors, QuantizedTensor whole) {
        return Names.numbers(tensors, "wtscale", whole.shape().isEmpty() ? new long[0] : new long[] {1})
                .values()[0];
    }

    private void readVector(
            Map<String, QuantizedTensor> tensors,
            String name,
            int size,
            int padded,
            Map<String, QuantizedTensor> ours) {
        @Nullable QuantizedTensor stored = tensors.get(name);
        if (stored != null) {
            Names.numbers(tensors, name, padded);
            float[] values = VECTOR.gather(stored.values(), size, 1);
            ours.put(name, QuantizedTensor.of(stored.dtype(), values, size));
        }
    }

    private long readFactors(Map<String, QuantizedTensor> tensors, Map<String, QuantizedTensor> ours) {
        @Nullable QuantizedTensor down = tensors.get("lora_down");
        if (down == null) {
            return 0;
        }
        int rank = down.shape().isEmpty() ? 0 : Math.toIntExact(down.shape().getLast());
        if (rank % NunchakuIndex.FACTOR_TILE != 0) {
            throw new CheckpointException("rank of lora_down is " + rank + "; accepted: a multiple of 16");
        }
        Names.numbers(tensors, "lora_down", paddedIn, rank);
        QuantizedTensor up = Names.numbers(tensors, "lora_up", paddedOut, rank);
        if (rank == 0) {
            return 0;
        }
        Places downs = (r, k) -> NunchakuIndex.down(r, k, rank);
        Places ups = (n, r) -> NunchakuIndex.up(n, r, rank);
        ours.put("low_rank_down", QuantizedTensor.of(down.dtype(), downs.gather(down.values(), rank, in), rank, in));
        ours.put("low_rank_up", QuantizedTensor.of(up.dtype(), ups.gather(up.values(), out, rank), out, rank));
        return rank;
    }
}
