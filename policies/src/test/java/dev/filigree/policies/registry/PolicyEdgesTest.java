package dev.filigree.policies.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.layers.LayerSet;
import dev.filigree.policies.lserve.LServeConfig;
import dev.filigree.policies.lserve.LServePolicy;
import dev.filigree.policies.paged.PagedConfig;
import dev.filigree.policies.phases.PhasesPolicy;
import dev.filigree.policies.streaming.StreamingConfig;
import dev.filigree.policies.streaming.StreamingPolicy;
import dev.filigree.policies.xattention.XAttentionConfig;
import dev.filigree.policies.xattention.XAttentionPolicy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Settings of policies that are only just possible, and those that are only just not. */
class PolicyEdgesTest {

    @Test
    void namesAreThoseOfConfigs() {
        assertEquals("dense", new DensePolicy().name());
        assertEquals("streaming", new StreamingPolicy(new StreamingConfig(0, 1)).name());
        assertEquals("lserve", new LServePolicy(LServeConfig.of(64)).name());
        assertEquals("xattention", new XAttentionPolicy(XAttentionConfig.of(1, 8)).name());
        assertEquals("phases", new PhasesPolicy(new DensePolicy(), new DensePolicy()).name());
    }

    @ParameterizedTest
    @CsvSource({"-1,1", "0,0"})
    void windowsThatSeeNothing(int sink, int recent) {
        assertThrows(IllegalArgumentException.class, () -> new StreamingConfig(sink, recent));
    }

    private static LServeConfig lserve(int budget, int sink, int logicalPageSize, int reuse) {
        return new LServeConfig(
                budget, sink, logicalPageSize, reuse, SelectionScope.QUERY_HEAD, LayerSet.NONE, new DensePolicy());
    }

    @ParameterizedTest
    @CsvSource({"0,0,1,1", "1,-1,1,1", "1,0,0,1", "1,0,1,0"})
    void selectionsOfNothing(int budget, int sink, int logicalPageSize, int reuse) {
        assertEquals(1, lserve(1, 0, 1, 1).budget());
        assertThrows(IllegalArgumentException.class, () -> lserve(budget, sink, logicalPageSize, reuse));
    }

    @ParameterizedTest
    @CsvSource({"0", "-1", "3", "256"})
    void stridesThatDivideNoBlock(int stride) {
        assertEquals(128, XAttentionConfig.of(1, 128).stride());
        assertEquals(1, XAttentionConfig.of(1, 1).stride());
        assertThrows(IllegalArgumentException.class, () -> XAttentionConfig.of(1, stride));
    }

    @Test
    void pagesOfNoToken() {
        assertEquals(1, new PagedConfig(1, KvPrecision.F16, KvPrecision.F16, PrefillReads.STORED).pageSize());
        assertThrows(
                IllegalArgumentException.class,
                () -> new PagedConfig(0, KvPrecision.F16, KvPrecision.F16, PrefillReads.STORED));
    }

    @Test
    void rangesThatTouchAndThatDoNot() {
        assertTrue(LayerSet.parse("1-3").overlaps(LayerSet.parse("3-5")));
        assertTrue(LayerSet.parse("3-5").overlaps(LayerSet.parse("1-3")));
        assertFalse(LayerSet.parse("1-2").overlaps(LayerSet.parse("3-5")));
        assertFalse(LayerSet.parse("3-5").overlaps(LayerSet.parse("1-2")));
    }
}
