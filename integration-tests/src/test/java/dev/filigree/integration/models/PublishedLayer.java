package dev.filigree.integration.models;

import dev.filigree.host.checkpoint.StoredType;
import dev.filigree.host.checkpoint.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A random projection in the layout of QServe's converter, packed here loop by loop, and the weight that it stands for. */
final class PublishedLayer {
    /** The forms of the layout. */
    enum Form {
        BYTES,
        CHANNELS,
        GROUPS
    }

    private final int out;
    private final int in;
    private final Random random;
    private final Map<TensorSpec, MemorySegment> tensors = new LinkedHashMap<>();
    private final float[] dense;
    private final byte[] codes;

    PublishedLayer(String name, Form form, int out, int in, Random random) {
        this.out = out;
        this.in = in;
        this.random = random;
        dense = new float[out * in];
        codes = new byte[out * in];
        short[] scales = new short[out];
        for (int n = 0; n < out; n++) {
            int range = form == Form.BYTES ? 100 : form == Form.CHANNELS ? 8 : 100;
            scales[n] = Float.floatToFloat16((0.5f + random.nextFloat()) / range / (float) Math.sqrt(in));
        }
        switch (form) {
            case BYTES -> bytes(name, scales);
            case CHANNELS -> channels(name, scales);
            case GROUPS -> groups(name, scales);
        }
    }

    /** {@code [out, in]}. */
    float[] dense() {
        return dense;
    }

    /** What a file of the layout holds. */
    Map<TensorSpec, MemorySegment> tensors() {
        return tensors;
    }

    private void bytes(String name, short[] scales) {
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) random.nextInt(-127, 128);
            dense[i] = Float.float16ToFloat(scales[i / in]) * codes[i];
        }
        put(name + ".weight", StoredType.I8, MemorySegment.ofArray(codes), out, in);
        put(name + ".dequant_scale", StoredType.F16, MemorySegment.ofArray(scales), out);
    }

    private void channels(String name, short[] scales) {
        short[] zeros = new short[out];
        for (int n = 0; n < out; n++) {
            zeros[n] = Float.floatToFloat16(7.5f * Float.float16ToFloat(scales[n]));
        }
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) random.nextInt(16);
            dense[i] = Float.float16ToFloat(scales[i / in]) * codes[i] - Float.float16ToFloat(zeros[i / in]);
        }
        put(name + ".qweight", StoredType.I8, packed(), out, in / 2);
        put(name + ".s1_scales", StoredType.F16, MemorySegment.ofArray(scales), out);
        put(name + ".s1_szeros", StoredType.F16, MemorySegment.ofArray(zeros), out);
    }

    private void groups(String name, short[] scales) {
        int groups = in / 128;
        byte[] groupScales = new byte[groups * out];
        byte[] groupZeros = new byte[groups * out];
        for (int g = 0; g < groups; g++) {
            for (int place = 0; place < out; place++) {
                // Places of 32 rows in the order 0, 8, 16, 24, 1, 9, ...
                int n = place / 32 * 32 + place % 4 * 8 + place % 32 / 4;
                int scale = random.nextInt(1, 16);
                int zero = random.nextInt(7, 9);
                groupScales[g * out + place] = (byte) scale;
                groupZeros[g * out + place] = (byte) (-zero * scale);
                for (int k = 128 * g; k < 128 * (g + 1); k++) {
                    codes[n * in + k] = (byte) random.nextInt(16);
                    dense[n * in + k] = Float.float16ToFloat(scales[n]) * ((codes[n * in + k] - zero) * scale);
                }
            }
        }
        put(name + ".qweight", StoredType.I8, packed(), out, in / 2);
        put(name + ".s1_scales", StoredType.F16, MemorySegment.ofArray(scales), out);
        put(name + ".s2_scales", StoredType.I8, MemorySegment.ofArray(groupScales), groups, out);
        put(name + ".s2_zeros", StoredType.I8, MemorySegment.ofArray(groupZeros), groups, out);
    }

    /** Tiles of 32 x 32; in each, bytes by row modulo 8, then by columns of 4, with rows 16 apart in one byte. */
    private MemorySegment packed() {
        byte[] packed = new byte[out * in / 2];
        int at = 0;
        for (int tile = 0; tile < out / 32 * (in / 32); tile++) {
            int row = tile / (in / 32) * 32;
            int column = tile % (in / 32) * 32;
            for (int lane = 0; lane < 32; lane++) {
                for (int b = 0; b < 16; b++) {
                    int n = row + b / 4 % 2 * 8 + lane / 4;
                    int k = column + b / 8 * 16 + lane % 4 * 4 + b % 4;
                    packed[at++] = (byte) (codes[n * in + k] | codes[(n + 16) * in + k] << 4);
                }
            }
        }
        return MemorySegment.ofArray(packed);
    }

    private void put(String name, StoredType type, MemorySegment data, long... shape) {
        List<Long> sizes = java.util.Arrays.stream(shape).boxed().toList();
        tensors.put(new TensorSpec(name, type, sizes), data);
    }
}
