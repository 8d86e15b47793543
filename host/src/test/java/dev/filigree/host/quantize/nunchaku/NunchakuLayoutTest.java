package dev.filigree.host.quantize.nunchaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.SafetensorsFile;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.host.quantize.QuantizedTensor;
import dev.filigree.host.quantize.QuantizedWeights;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The published layout: packing formulas, and layers there and back. */
class NunchakuLayoutTest {
    private static final QuantFormat INT4_BF16 = new QuantFormat(DType.I4, 64, DType.BF16);

    /** Every element has a place of its own, and no place is left over. */
    private static void permutation(int rows, int columns, Places places) {
        boolean[] taken = new boolean[rows * columns];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                int place = places.of(row, column);
                assertFalse(taken[place], () -> "place " + place + " twice");
                taken[place] = true;
            }
        }
    }

    @Test
    void formulasArePermutations() {
        permutation(256, 384, (n, k) -> NunchakuIndex.code(n, k, 384));
        permutation(256, 6, (n, g) -> NunchakuIndex.scale(n, g, 6));
        permutation(256, 24, (n, g) -> NunchakuIndex.microScale(n, g, 24));
        permutation(48, 128, (r, k) -> NunchakuIndex.down(r, k, 48));
        permutation(128, 48, (n, r) -> NunchakuIndex.up(n, r, 48));
        permutation(12, 192, (n, k) -> NunchakuIndex.weightOnlyCode(n, k, 192));
    }

    /** Reshape and permute as the published exporter does, against the closed form. */
    @Test
    void codesLieWhereReshapingPutsThem() {
        int place = 0;
        for (int a = 0; a < 2; a++) {
            for (int c = 0; c < 3; c++) {
                for (int p = 0; p < 8; p++) {
                    for (int lane = 0; lane < 32; lane++) {
                        for (int n2 = 0; n2 < 2; n2++) {
                            for (int k2 = 0; k2 < 2; k2++) {
                                for (int j = 0; j < 8; j++) {
                                    int n = 128 * a + 16 * p + 8 * n2 + lane / 4;
                                    int k = 64 * c + 32 * k2 + 8 * (lane % 4) + j;
                                    assertEquals(place++, NunchakuIndex.code(n, k, 192));
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    @Test
    void aWordHoldsEightNeighboursFromTheLowEndUp() {
        byte[] codes = new byte[128 * 128];
        for (int k = 0; k < 8; k++) {
            codes[k] = (byte) k;
        }
        Map<String, QuantizedTensor> tensors = new HashMap<>();
        tensors.put("qweight", QuantizedTensor.ofCodes(DType.I4, codes, 128, 128));
        tensors.put("wscales", QuantizedTensor.of(DType.F16, new float[256], 128, 2));
        byte[] words = tensor(
                        new NunchakuLayer(128, 128)
                                .publish(
                                        new QuantizedWeights(LinearStorage.of(QuantFormat.INT4_G64), tensors),
                                        DType.F16),
                        "qweight")
                .bytes();
        assertEquals(0x76543210, MemorySegment.ofArray(words).get(ValueLayout.JAVA_INT_UNALIGNED, 0));
    }

    private static QuantizedTensor tensor(Map<String, QuantizedTensor> tensors, String name) {
        return Names.find(tensors, name);
    }

    private static QuantizedTensor random(Random random, DType dtype, long... shape) {
        int count = 1;
        for (long size : shape) {
            count *= (int) size;
        }
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = dtype == DType.E4M3 ? 1 + random.nextInt(8) : (float) (0.1 + Math.abs(random.nextGaussian()));
        }
        return QuantizedTensor.of(dtype, values, shape);
    }

    private static QuantizedWeights layer(QuantFormat format, int out, int in, int rank) {
        Random random = new Random(out + in + rank);
        byte[] codes = new byte[out * in];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) (format.codes() == DType.I4 ? random.nextInt(16) - 8 : random.nextInt(16));
        }
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        tensors.put("qweight", QuantizedTensor.ofCodes(format.codes(), codes, out, in));
        tensors.put("wscales", random(random, format.scaleDtype(), out, format.groups(in)));
        boolean floats = format.codes() == DType.E2M1;
        if (floats) {
            tensors.put("channel_scales", random(random, DType.BF16, out));
        }
        tensors.put("bias", random(random, DType.BF16, out));
        boolean weightOnly = format.codes() == DType.U4;
        if (weightOnly) {
            tensors.put("wzeros", random(random, DType.BF16, out, format.groups(in)));
        } else {
            tensors.put("smooth", random(random, DType.BF16, in));
        }
        if (rank > 0) {
            tensors.put("low_rank_down", random(random, DType.BF16, rank, in));
            tensors.put("low_rank_up", random(random, DType.BF16, out, rank));
        }
        return new QuantizedWeights(
                new LinearStorage(
                        format,
                        weightOnly ? Optional.of(DType.BF16) : Optional.empty(),
                        floats ? Optional.of(DType.BF16) : Optional.empty(),
                        Optional.of(DType.BF16),
                        weightOnly ? Optional.empty() : Optional.of(DType.BF16),
                        0,
                        rank,
                        DType.BF16),
                tensors);
    }

    private static void same(Map<String, QuantizedTensor> expected, Map<String, QuantizedTensor> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, tensor) -> {
            QuantizedTensor other = tensor(actual, name);
            assertEquals(tensor.shape(), other.shape(), name);
            assertEquals(tensor.dtype(), other.dtype(), name);
            assertArrayEquals(tensor.bytes(), other.bytes(), name);
        });
    }

    @Test
    void layersComeBackBitForBit() {
        for (QuantFormat format : new QuantFormat[] {INT4_BF16, QuantFormat.NVFP4}) {
            for (int[] size : new int[][] {{128, 128, 16}, {384, 256, 32}, {130, 192, 48}, {66, 60, 0}}) {
                NunchakuLayer layout = new NunchakuLayer(size[0], size[1]);
                QuantizedWeights ours = layer(format, size[0], size[1], size[2]);
                Map<String, QuantizedTensor> theirs = layout.publish(ours, DType.BF16);
                QuantizedWeights back = layout.read(theirs, 0);
                assertEquals(ours.storage(), back.storage());
                same(ours.tensors(), back.tensors());
                same(theirs, layout.publish(back, DType.BF16));
            }
        }
        QuantFormat weightOnly = new QuantFormat(DType.U4, 64, DType.BF16);
        for (int[] size : new int[][] {{4, 64}, {132, 192}}) {
            NunchakuWeightOnlyLayer layout = new NunchakuWeightOnlyLayer(size[0], size[1]);
            QuantizedWeights ours = layer(weightOnly, size[0], size[1], 0);
            Map<String, QuantizedTensor> theirs = layout.publish(ours, DType.BF16);
            QuantizedWeights back = layout.read(theirs);
            assertEquals(ours.storage(), back.storage());
            same(ours.tensors(), back.tensors());
            same(theirs, layout.publish(back, DType.BF16));
        }
    }

    @Test
    void filesComeBackBitForBit(@TempDir Path folder) {
        Map<String, QuantizedWeights> layers = new LinkedHashMap<>();
        layers.put("block.fc", layer(INT4_BF16, 130, 192, 32));
        layers.put("block.norm", layer(new QuantFormat(DType.U4, 64, DType.BF16), 8, 64, 0));
        Path target = folder.resolve("svdq-int4_r32-test.safetensors");
        NunchakuFile.write(target, layers, List.of(), DType.BF16);
        try (SafetensorsFile file = SafetensorsFile.open(target)) {
            String config = file.metadata().getOrDefault("quantization_config", "");
            assertTrue(config.contains("\"group_size\": 64") && config.contains("\"rank\": 32"), config);
            Map<String, QuantizedWeights> back = NunchakuFile.read(
                    file,
                    List.of(new LinearShape("block.fc", 130, 192), new LinearShape("block.norm", 8, 64)),
                    shape -> 0);
            layers.forEach((name, ours) -> {
                QuantizedWeights other = back.getOrDefault(name, ours);
                assertEquals(ours.storage(), other.storage());
                same(ours.tensors(), other.tensors());
            });
            assertEquals(layers.keySet(), back.keySet());
        }
    }

    /** Padding is 0 in codes, factors and biases, and 1 in scales and smoothing; ranks are padded too. */
    @Test
    void paddingIsNeutral() {
        Map<String, QuantizedTensor> theirs =
                new NunchakuLayer(130, 192).publish(layer(INT4_BF16, 130, 192, 5), DType.BF16);
        assertEquals(List.of(256L, 16L), tensor(theirs, "lora_up").shape());
        float[] smooth = tensor(theirs, "smooth").values();
        float[] bias = tensor(theirs, "bias").values();
        float[] scales = tensor(theirs, "wscales").values();
        float[] up = tensor(theirs, "lora_up").values();
        for (int i = 192; i < 256; i++) {
            assertEquals(1, smooth[NunchakuIndex.scale(i, 0, 1)]);
            assertEquals(0, bias[NunchakuIndex.scale(i, 0, 1)]);
            assertEquals(1, scales[NunchakuIndex.scale(i, 3, 4)]);
            assertEquals(0, up[NunchakuIndex.up(i, 3, 16)]);
            assertEquals(0, up[NunchakuIndex.up(3, 5 + i % 11, 16)]);
        }
    }

    /** Fused projections have a scale for the whole weight and others for its channels: both count. */
    @Test
    void scalesOfTensorAndChannelsMultiply() {
        NunchakuLayer layout = new NunchakuLayer(128, 128);
        QuantizedWeights ours = layer(QuantFormat.NVFP4, 128, 128, 0);
        Map<String, QuantizedTensor> theirs = new LinkedHashMap<>(layout.publish(ours, DType.BF16));
        theirs.put("wtscale", QuantizedTensor.of(DType.BF16, new float[] {0.25f}, 1));
        float[] channels = tensor(ours.tensors(), "channel_scales").values();
        float[] both =
                tensor(layout.read(theirs, 0).tensors(), "channel_scales").values();
        for (int n = 0; n < channels.length; n++) {
            assertEquals(0.25f * channels[n], both[n]);
        }
    }

    /** Exporters clamp to -7, and some files hold -8 all the same. */
    @Test
    void minusEightIsKept() {
        QuantizedWeights ours = layer(INT4_BF16, 128, 128, 0);
        boolean found = false;
        for (float code : tensor(ours.tensors(), "qweight").values()) {
            found |= code == -8;
        }
        assertTrue(found);
    }

    @Test
    void newerNamesAreUnderstoodAndWrongShapesRefused() {
        NunchakuLayer layout = new NunchakuLayer(128, 128);
        QuantizedWeights ours = layer(INT4_BF16, 128, 128, 16);
        Map<String, QuantizedTensor> newer = new LinkedHashMap<>();
        layout.publish(ours, DType.BF16)
                .forEach((name, tensor) ->
                        newer.put(name.replace("lora_", "proj_").replace("smooth", "smooth_factor"), tensor));
        same(ours.tensors(), layout.read(newer, 0).tensors());
        CheckpointException refusal =
                assertThrows(CheckpointException.class, () -> new NunchakuLayer(128, 256).read(newer, 0));
        assertTrue(String.valueOf(refusal.getMessage()).contains("accepted: [128, 128]"), refusal.getMessage());
        for (String name : List.of("qweight", "wscales", "proj_down", "bias")) {
            Map<String, QuantizedTensor> wrong = new LinkedHashMap<>(newer);
            wrong.put(name, new QuantizedTensor(DType.I64, tensor(newer, name).shape(), new byte[0]));
            refusal = assertThrows(CheckpointException.class, () -> layout.read(wrong, 0), name);
            assertTrue(String.valueOf(refusal.getMessage()).contains("has type I64; accepted: "), refusal.getMessage());
        }
        Map<String, QuantizedTensor> scalar = new LinkedHashMap<>(newer);
        scalar.put("wtscale", new QuantizedTensor(DType.F32, List.of(0L), new byte[0]));
        assertThrows(CheckpointException.class, () -> layout.read(scalar, 0));
        newer.remove("wscales");
        assertThrows(CheckpointException.class, () -> layout.read(newer, 0));
        assertThrows(
                IllegalArgumentException.class,
                () -> layout.publish(
                        new QuantizedWeights(LinearStorage.of(QuantFormat.INT8_ROW), Map.of()), DType.BF16));
    }
}
