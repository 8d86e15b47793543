package dev.filigree.host.quantize.qserve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.linear.LinearStorage;
import dev.filigree.api.linear.QuantFormat;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.quantize.LinearShape;
import dev.filigree.host.quantize.QuantizedTensor;
import dev.filigree.host.quantize.QuantizedWeights;
import dev.filigree.host.quantize.Scheme;
import dev.filigree.host.quantize.StoredLayers;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The published layout of QServe: packing formulas, layers there and back, what is refused. */
class QServeLayoutTest {
    private static final Random RANDOM = new Random(3);

    private static QServeLayer layer(int out, int in) {
        return new QServeLayer(new LinearShape("fc", out, in));
    }

    private static QuantizedTensor halves(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = 0.001f + RANDOM.nextFloat();
        }
        return QuantizedTensor.of(DType.F16, values, count);
    }

    private static QuantizedTensor bytes(int rows, int columns, int from, int to) {
        byte[] bytes = new byte[rows * columns];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) RANDOM.nextInt(from, to + 1);
        }
        return new QuantizedTensor(DType.I8, List.of((long) rows, (long) columns), bytes);
    }

    private static Map<String, QuantizedTensor> channels(int out, int in) {
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        tensors.put("qweight", bytes(out, in / 2, -128, 127));
        tensors.put("s1_scales", halves(out));
        tensors.put("s1_szeros", halves(out));
        tensors.put("bias", halves(out));
        return tensors;
    }

    /** Scales up to 16 and zeros such that no code leaves int8: 7 or 8 of 15. */
    private static Map<String, QuantizedTensor> groups(int out, int in) {
        int groups = in / 128;
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        tensors.put("qweight", bytes(out, in / 2, -128, 127));
        tensors.put("s1_scales", halves(out));
        QuantizedTensor scales = bytes(groups, out, 1, 15);
        byte[] zeros = new byte[groups * out];
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = (byte) -(RANDOM.nextInt(7, 9) * scales.bytes()[i]);
        }
        tensors.put("s2_scales", scales);
        tensors.put("s2_zeros", new QuantizedTensor(DType.I8, scales.shape(), zeros));
        return tensors;
    }

    private static void same(Map<String, QuantizedTensor> expected, Map<String, QuantizedTensor> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, tensor) -> {
            assertEquals(tensor.shape(), actual.get(name).shape(), name);
            assertEquals(tensor.dtype(), actual.get(name).dtype(), name);
            assertArrayEquals(tensor.bytes(), actual.get(name).bytes(), name);
        });
    }

    /** Reshape and permute as the released converter does, against the closed form. */
    @Test
    void codesLieWhereReshapingPutsThem() {
        int place = 0;
        for (int nb = 0; nb < 2; nb++) {
            for (int kb = 0; kb < 3; kb++) {
                for (int c = 0; c < 8; c++) {
                    for (int e = 0; e < 4; e++) {
                        for (int d = 0; d < 2; d++) {
                            for (int b = 0; b < 2; b++) {
                                for (int f = 0; f < 4; f++) {
                                    for (int a = 0; a < 2; a++) {
                                        int n = 32 * nb + 16 * a + 8 * b + c;
                                        int k = 32 * kb + 16 * d + 4 * e + f;
                                        assertEquals(place++, QServeIndex.code(n, k, 96));
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        int[] order = {0, 8, 16, 24, 1, 9, 17, 25};
        for (int i = 0; i < order.length; i++) {
            assertEquals(64 + 32 + i, QServeIndex.group(32 + order[i], 1, 64));
        }
    }

    @Test
    void publishedLayersComeBackBitForBit() {
        for (int[] size : new int[][] {{32, 32}, {64, 96}, {96, 256}}) {
            Map<String, QuantizedTensor> theirs = channels(size[0], size[1]);
            same(theirs, layer(size[0], size[1]).publish(layer(size[0], size[1]).read(theirs)));
        }
        for (int[] size : new int[][] {{32, 128}, {96, 384}}) {
            Map<String, QuantizedTensor> theirs = groups(size[0], size[1]);
            same(theirs, layer(size[0], size[1]).publish(layer(size[0], size[1]).read(theirs)));
        }
        for (DType scales : new DType[] {DType.F16, DType.F32}) {
            Map<String, QuantizedTensor> theirs = new LinkedHashMap<>();
            theirs.put("weight", bytes(7, 13, -128, 127));
            theirs.put("dequant_scale", QuantizedTensor.of(scales, halves(7).values(), 7));
            same(theirs, layer(7, 13).publish(layer(7, 13).read(theirs)));
        }
    }

    /** What is read is what the published kernels compute with: {@code s1 q - szeros}. */
    @Test
    void channelsDequantizeAsPublished() {
        Map<String, QuantizedTensor> theirs = channels(64, 96);
        double[] dense = StoredLayers.dense(layer(64, 96).read(theirs));
        byte[] packed = theirs.get("qweight").bytes();
        for (int n = 0; n < 64; n++) {
            for (int k = 0; k < 96; k++) {
                int place = QServeIndex.code(n, k, 96);
                int q = (packed[place / 2] & 255) >> 4 * (place % 2) & 15;
                double expected = (double) theirs.get("s1_scales").values()[n] * q
                        - theirs.get("s1_szeros").values()[n];
                assertEquals(expected, dense[n * 97 + k]);
            }
        }
    }

    /** Multiply, then subtract, in bytes that wrap, as the published kernel does: for every scale, zero and code in int8. */
    @Test
    void groupsDequantizeAsBytesThatWrap() {
        for (int scale = 1; scale <= 17; scale++) {
            for (int zero = 0; zero <= 15; zero++) {
                Map<String, QuantizedTensor> theirs = one(scale, zero);
                boolean fits = -zero * scale >= -128 && (15 - zero) * scale <= 127;
                if (!fits) {
                    assertThrows(CheckpointException.class, () -> layer(32, 128).read(theirs));
                    continue;
                }
                QuantizedWeights ours = layer(32, 128).read(theirs);
                float[] codes = ours.tensors().get("qweight").values();
                float s = ours.tensors().get("wscales").values()[0];
                float z = ours.tensors().get("wzeros").values()[0];
                byte stored = theirs.get("s2_zeros").bytes()[0];
                for (int k = 0; k < 128; k++) {
                    byte wrapped = (byte) ((int) codes[k] * scale + stored);
                    assertEquals(wrapped, s * codes[k] + z);
                }
            }
        }
    }

    /** A layer with one scale and zero, whose codes take all values in every group. */
    private static Map<String, QuantizedTensor> one(int scale, int zero) {
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>();
        byte[] packed = new byte[32 * 64];
        for (int n = 0; n < 32; n++) {
            for (int k = 0; k < 128; k++) {
                int place = QServeIndex.code(n, k, 128);
                packed[place / 2] |= (byte) (k % 16 << 4 * (place % 2));
            }
        }
        byte[] scales = new byte[32];
        byte[] zeros = new byte[32];
        java.util.Arrays.fill(scales, (byte) scale);
        java.util.Arrays.fill(zeros, (byte) (-zero * scale));
        tensors.put("qweight", new QuantizedTensor(DType.I8, List.of(32L, 64L), packed));
        tensors.put("s1_scales", halves(32));
        tensors.put("s2_scales", new QuantizedTensor(DType.I8, List.of(1L, 32L), scales));
        tensors.put("s2_zeros", new QuantizedTensor(DType.I8, List.of(1L, 32L), zeros));
        return tensors;
    }

    /** Our own quantizer's layers, within the rounding of scales to f16; those over int8 have whole ones and lose nothing. */
    @Test
    void ownLayersCanBePublished() {
        for (Scheme scheme : List.of(Scheme.W8A8, Scheme.W4A8_CHANNEL, Scheme.W4A8_PROGRESSIVE)) {
            QuantizedWeights ours = withoutBranch(StoredLayers.of(scheme, 64, 256));
            QuantizedWeights back = layer(64, 256).read(layer(64, 256).publish(ours));
            assertArrayEquals(
                    ours.tensors().get("qweight").bytes(),
                    back.tensors().get("qweight").bytes());
            double[] expected = StoredLayers.dense(ours);
            double[] actual = StoredLayers.dense(back);
            for (int i = 0; i < expected.length; i++) {
                // Two numbers of up to 15 steps are rounded to f16, a step being what the largest code lacks of the
                // range.
                assertEquals(expected[i], actual[i], 8 * Math.scalb(1.0, -11), scheme.id());
            }
        }
    }

    private static QuantizedWeights withoutBranch(QuantizedWeights layer) {
        Map<String, QuantizedTensor> tensors = new LinkedHashMap<>(layer.tensors());
        tensors.keySet().removeIf(name -> name.startsWith("low_rank"));
        LinearStorage s = layer.storage();
        return new QuantizedWeights(
                new LinearStorage(
                        s.weight(), s.zeros(), s.channelScales(), s.bias(), Optional.empty(), 0, 0, DType.BF16),
                tensors);
    }

    @Test
    void whatIsNotOfTheLayoutIsRefusedByName() {
        refused("tensor fc.s1_szeros is missing", without(channels(32, 32), "s1_szeros"), 32, 32);
        refused("tensor fc.s1_scales is missing", without(groups(32, 128), "s1_scales"), 32, 128);
        refused("tensor fc.s2_zeros is missing", without(groups(32, 128), "s2_zeros"), 32, 128);
        refused("tensor fc.qweight is [32, 16] of i8; accepted: [64, 16] of i8", channels(32, 32), 64, 32);
        refused("layer fc is [48, 32]; accepted at 4 bits: multiples of 32", channels(48, 32), 48, 32);
        refused("layer fc has 192 columns; accepted in groups: a multiple of 128", groups(32, 192), 32, 192);
        Map<String, QuantizedTensor> large = groups(32, 128);
        byte[] scales = large.get("s2_scales").bytes();
        scales[4] = 18;
        refused("group 0 of row 1 of fc has scale 18", large, 32, 128);
        Map<String, QuantizedTensor> bytes = new LinkedHashMap<>();
        bytes.put("weight", bytes(4, 4, -128, 127));
        refused("tensor fc.dequant_scale is missing", bytes, 4, 4);
        bytes.put("dequant_scale", halves(1));
        refused("tensor fc.dequant_scale is [1] of f16; accepted: [4] of f16 or f32", bytes, 4, 4);
        QuantizedWeights other = new QuantizedWeights(LinearStorage.of(QuantFormat.INT4_G64), Map.of());
        assertThrows(IllegalArgumentException.class, () -> layer(32, 64).publish(other));
        assertFalse(QServeLayer.isOne(Map.of("weight", halves(4))));
    }

    private static Map<String, QuantizedTensor> without(Map<String, QuantizedTensor> tensors, String name) {
        tensors.remove(name);
        return tensors;
    }

    private static void refused(String sentence, Map<String, QuantizedTensor> tensors, int out, int in) {
        CheckpointException refusal =
                assertThrows(CheckpointException.class, () -> layer(out, in).read(tensors));
        assertTrue(String.valueOf(refusal.getMessage()).contains(sentence), refusal::getMessage);
    }
}
