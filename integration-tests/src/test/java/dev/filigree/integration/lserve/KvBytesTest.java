package dev.filigree.integration.lserve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.duoattention.DuoAttentionConfig;
import dev.filigree.policies.duoattention.DuoAttentionPolicy;
import dev.filigree.policies.duoattention.HeadClasses;
import dev.filigree.policies.layers.LayerSet;
import dev.filigree.policies.lserve.LServeConfig;
import dev.filigree.policies.lserve.LServePolicy;
import dev.filigree.policies.paged.PagedConfig;
import dev.filigree.policies.phases.PhasesPolicy;
import dev.filigree.policies.streaming.StreamingConfig;
import dev.filigree.policies.streaming.StreamingPolicy;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Bytes of pools that really hold 64K tokens: half of the heads streaming, 4 bits, against dense at 16 bits. */
class KvBytesTest {
    private static final int TOKENS = 65536;
    private static final int CHUNK = 8192;
    private static final StreamingConfig WINDOW = new StreamingConfig(64, 256);

    private static AttentionPolicy half(int logicalPageSize) {
        LServePolicy lserve = new LServePolicy(new LServeConfig(
                4096, 64, logicalPageSize, 4, SelectionScope.QUERY_HEAD, LayerSet.NONE, new StreamingPolicy(WINDOW)));
        return new DuoAttentionPolicy(
                new DuoAttentionConfig(new HeadClasses(List.of(List.of(true, false))), WINDOW, lserve));
    }

    /** Reads a prompt of 64K tokens, decodes one, and returns the bytes of the pools. */
    private static long bytes(Backend backend, AttentionPolicy policy, int headDim, KvPrecision precision) {
        PagedConfig pages = new PagedConfig(64, precision, precision, PrefillReads.STORED);
        StepCapacity capacity = new StepCapacity(CHUNK, 1, 1, TOKENS, TOKENS);
        ModelGeometry geometry = ModelGeometry.of(1, 2, 2, headDim);
        Random random = new Random(3);
        float[] row = new float[2 * headDim];
        for (int i = 0; i < row.length; i++) {
            row[i] = (float) random.nextGaussian();
        }
        try (LayerRun run = new LayerRun(backend, policy, geometry, pages, capacity)) {
            LayerSequence s = run.open();
            for (int from = 0; from < TOKENS; from += CHUNK) {
                int last = from + CHUNK == TOKENS ? 1 : 0;
                List<float[]> rows = Collections.nCopies(CHUNK - last, row);
                run.step(Phase.PREFILL, List.of(s), rows, List.of(rows), List.of(rows));
            }
            List<float[]> one = List.of(row);
            run.step(Phase.DECODE, List.of(s), one, List.of(one), List.of(one));
            assertEquals(TOKENS, s.length());
            assertEquals(run.kv.bytesFor(TOKENS), run.pageBytes(), "what explain says is what is allocated");
            return run.pageBytes();
        }
    }

    private static double factor(int headDim, int logicalPageSize) {
        try (Backend backend = BackendSelector.installed().providers().stream()
                .filter(provider -> provider.name().equals("cpu-vector"))
                .findFirst()
                .orElseThrow()
                .open(BackendOptions.NONE)) {
            AttentionPolicy dense = new PhasesPolicy(new StreamingPolicy(WINDOW), new DensePolicy());
            return (double) bytes(backend, dense, headDim, KvPrecision.F16)
                    / bytes(backend, half(logicalPageSize), headDim, KvPrecision.INT4);
        }
    }

    @Test
    void halfOfTheHeadsStreamingAtFourBitsIsSixTimesSmallerThanDense() {
        assertTrue(factor(128, 16) >= 6, "128 wide, statistics of 16 tokens");
        assertTrue(factor(64, 32) >= 6, "64 wide, statistics of 32 tokens");
        assertEquals(5.79, factor(64, 16), 0.005, "64 wide, statistics of 16 tokens: what docs/lserve.md says");
    }
}
