package dev.filigree.policies.golden;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.duoattention.DuoAttentionConfig;
import dev.filigree.policies.duoattention.DuoAttentionPolicy;
import dev.filigree.policies.duoattention.HeadClasses;
import dev.filigree.policies.layers.LayerSet;
import dev.filigree.policies.layers.LayersPolicy;
import dev.filigree.policies.lserve.LServeConfig;
import dev.filigree.policies.lserve.LServePolicy;
import dev.filigree.policies.paged.PagedPolicy;
import dev.filigree.policies.phases.PhasesPolicy;
import dev.filigree.policies.streaming.StreamingConfig;
import dev.filigree.policies.streaming.StreamingPolicy;
import dev.filigree.policies.table.HeadTable;
import dev.filigree.policies.xattention.XAttentionConfig;
import dev.filigree.policies.xattention.XAttentionPolicy;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the policies plan for a small GQA model with one windowed layer, as text. */
class PlanGoldenTest {
    private static final PagedPolicy F16 = Geometries.paged(KvPrecision.F16, PrefillReads.STORED);
    private static final AttentionPolicy STREAMING = new StreamingPolicy(new StreamingConfig(2, 10));

    private static void check(String file, ModelGeometry geometry, AttentionPolicy policy, PagedPolicy paged)
            throws IOException {
        Golden.check("plans/" + file + ".txt", Geometries.describe(geometry, policy, paged));
    }

    @Test
    void dense() throws IOException {
        check("dense", Geometries.GQA, new DensePolicy(), F16);
    }

    @Test
    void denseWithQuantizedPagesReadExactly() throws IOException {
        PagedPolicy exact = Geometries.paged(KvPrecision.INT4, PrefillReads.EXACT);
        check("dense-int4-exact", ModelGeometry.of(1, 8, 4, 16), new DensePolicy(), exact);
    }

    @Test
    void denseWithQuantizedPagesReadAsStored() throws IOException {
        PagedPolicy stored = Geometries.paged(KvPrecision.INT4, PrefillReads.STORED);
        check("dense-int4-stored", ModelGeometry.of(1, 8, 4, 16), new DensePolicy(), stored);
    }

    @Test
    void streaming() throws IOException {
        check("streaming", Geometries.GQA, STREAMING, F16);
    }

    @Test
    void layers() throws IOException {
        AttentionPolicy policy = new LayersPolicy(
                List.of(new LayersPolicy.LayerPolicy(LayerSet.parse("1-2"), STREAMING)), new DensePolicy());
        check("layers", Geometries.GQA, policy, F16);
    }

    @Test
    void phases() throws IOException {
        check("phases", Geometries.GQA, new PhasesPolicy(STREAMING, new DensePolicy()), F16);
    }

    /** Layer 0 all retrieval, layer 1 (windowed) mixed, layer 2 all streaming. */
    private static DuoAttentionPolicy duo(AttentionPolicy retrieval) {
        HeadTable gates =
                new HeadTable(List.of(List.of(1f, 1f, 1f, 1f), List.of(0f, 1f, 0f, 1f), List.of(0f, 0f, 0f, 0f)));
        return new DuoAttentionPolicy(
                new DuoAttentionConfig(HeadClasses.byThreshold(gates, 0.5), new StreamingConfig(2, 10), retrieval));
    }

    @Test
    void xattention() throws IOException {
        AttentionPolicy policy = new XAttentionPolicy(XAttentionConfig.of(0.9, 16));
        check("xattention", Geometries.GQA, policy, F16);
        Golden.check("explain/xattention.txt", String.join("\n", policy.explain(Geometries.GQA, 32768)) + "\n");
    }

    @Test
    void duoattention() throws IOException {
        check("duoattention", Geometries.GQA, duo(new DensePolicy()), F16);
    }

    @Test
    void duoattentionWithXattentionOnTheRetrievalHeads() throws IOException {
        AttentionPolicy policy = duo(new XAttentionPolicy(XAttentionConfig.of(0.9, 8)));
        ModelGeometry geometry = ModelGeometry.of(3, 8, 4, 16);
        check("duoattention-xattention", geometry, policy, F16);
        Golden.check("explain/duoattention.txt", String.join("\n", policy.explain(geometry, 32768)) + "\n");
    }

    @Test
    void lserve() throws IOException {
        PagedPolicy int4 = Geometries.paged(KvPrecision.INT4, PrefillReads.STORED);
        AttentionPolicy policy = new LServePolicy(
                new LServeConfig(64, 8, 4, 4, SelectionScope.QUERY_HEAD, LayerSet.NONE, new DensePolicy()));
        check("lserve", Geometries.GQA, policy, int4);
        check("duoattention-lserve", ModelGeometry.of(3, 8, 4, 16), duo(policy), int4);
        Golden.check("explain/lserve.txt", String.join("\n", policy.explain(Geometries.GQA, 32768)) + "\n");
    }
}
