package dev.filigree.host.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Weights of a decoder that nobody trained, for measuring what its sizes cost: normal numbers of deviation 0.02, as layers are
 * initialised with, and norms of 1, all bf16. One stretch of numbers is repeated as often as the largest tensor needs, and every
 * tensor is a window into it that begins elsewhere, so a model of 16 GB takes little more memory than its embedding.
 */
final class RandomWeights implements AutoCloseable {
    private static final int STRETCH = (1 << 19) + 96;
    private static final int STEP = 32 * 61; // elements; a multiple of 64 bytes
    private static final float DEVIATION = 0.02f;
    private static final short ONE = (short) 0x3f80;

    private final Arena arena = Arena.ofShared();
    private final Path folder;
    private final MemorySegment numbers;
    private final MemorySegment ones;
    private final Map<String, StoredTensor> tensors = new TreeMap<>();

    RandomWeights(Path folder, DecoderConfig config, long seed) {
        this.folder = folder;
        long longest = 1;
        for (List<Long> shape : DecoderWeights.shapes(config).values()) {
            longest = Math.max(longest, new TensorSpec("", StoredType.BF16, shape).numElements());
        }
        numbers = arena.allocate(2 * (longest + STRETCH), 64);
        repeat(seed);
        ones = arena.allocate(2L * Math.max(config.hiddenSize(), config.headDim()), 64);
        for (long at = 0; at < ones.byteSize(); at += 2) {
            ones.set(ValueLayout.JAVA_SHORT, at, ONE);
        }
        DecoderWeights.shapes(config).forEach((role, shape) -> {
            for (int layer = 0; layer < (role.perLayer() ? config.numLayers() : 1); layer++) {
                add(new TensorSpec(role.tensorName(layer), StoredType.BF16, shape), isNorm(role));
            }
        });
    }

    /** All tensors by name; they live until this is closed. */
    Map<String, StoredTensor> tensors() {
        return tensors;
    }

    private static boolean isNorm(WeightRole role) {
        return switch (role) {
            case FINAL_NORM, ATTENTION_NORM, MLP_NORM, QUERY_NORM, KEY_NORM -> true;
            default -> false;
        };
    }

    private void repeat(long seed) {
        Random random = new Random(seed);
        long stretch = Math.min(numbers.byteSize(), 2L * STRETCH);
        for (long at = 0; at < stretch; at += 2) {
            float value = (float) random.nextGaussian() * DEVIATION;
            numbers.set(ValueLayout.JAVA_SHORT, at, (short) (Float.floatToRawIntBits(value) >>> 16));
        }
        for (long at = stretch; at < numbers.byteSize(); at += stretch) {
            long bytes = Math.min(stretch, numbers.byteSize() - at);
            MemorySegment.copy(numbers, 0, numbers, at, bytes);
        }
    }

    private void add(TensorSpec spec, boolean norm) {
        long first = 2L * STEP * tensors.size() % (2L * STRETCH) / 64 * 64;
        MemorySegment data = norm ? ones : numbers.asSlice(first);
        tensors.put(
                spec.name(),
                new StoredTensor(spec, folder, data.asSlice(0, spec.numBytes()).asReadOnly()));
    }

    @Override
    public void close() {
        arena.close();
    }
}
