package dev.filigree.integration.lserve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.op.PageChoice.SelectionScope;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.duoattention.DuoAttentionConfig;
import dev.filigree.policies.duoattention.DuoAttentionPolicy;
import dev.filigree.policies.duoattention.HeadClasses;
import dev.filigree.policies.layers.LayerSet;
import dev.filigree.policies.lserve.LServeConfig;
import dev.filigree.policies.lserve.LServePolicy;
import dev.filigree.policies.streaming.StreamingConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A layer with selecting and streaming heads whose every step is held against the oracle. */
final class CheckedLayer implements AutoCloseable {
    static final int BUDGET = 4;
    private static final int DIM = 16;
    private static final int LOGICAL = 4;
    private static final HeadPattern.Streaming WINDOW = new HeadPattern.Streaming(5, 19);
    private static final double TOLERANCE = 1e-4;

    final LayerRun run;
    private final Random random;
    private final LayerOracle oracle;
    private final List<Boolean> selects;
    private final SelectionScope scope;
    private final int group;

    /**
     * A layer.
     *
     * @param selects per KV head whether it selects pages; the others stream
     */
    CheckedLayer(Backend backend, long seed, int interval, SelectionScope scope, int group, List<Boolean> selects) {
        random = new Random(seed);
        this.selects = selects;
        this.scope = scope;
        this.group = group;
        oracle = new LayerOracle(BUDGET, 1, interval, LOGICAL);
        LServePolicy lserve = new LServePolicy(new LServeConfig(
                BUDGET * LayerRun.PAGE, 3, LOGICAL, interval, scope, LayerSet.NONE, new DensePolicy()));
        DuoAttentionPolicy policy = new DuoAttentionPolicy(new DuoAttentionConfig(
                new HeadClasses(List.of(selects)), new StreamingConfig(WINDOW.sink(), WINDOW.recent()), lserve));
        ModelGeometry geometry = ModelGeometry.of(1, group * selects.size(), selects.size(), DIM);
        run = new LayerRun(backend, policy, geometry, 9, 256);
    }

    private float[] normals(int count, float scale) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = scale * (float) random.nextGaussian();
        }
        return values;
    }

    private List<float[]> rows(int count, int heads, float scale) {
        List<float[]> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(normals(heads * DIM, scale));
        }
        return rows;
    }

    /** Appends prompt tokens of one sequence and checks what they compute. */
    void prefill(LayerSequence s, int count) {
        prefill(s, count, 1);
    }

    /** Prefill with keys of some size; large ones are not compared, since their softmax is too sharp for f32. */
    void prefill(LayerSequence s, int count, float keyScale) {
        int past = s.length();
        List<float[]> q = rows(count, run.geometry.numQoHeads(), 1);
        float[][] out = run.step(
                Phase.PREFILL,
                List.of(s),
                q,
                List.of(rows(count, selects.size(), keyScale)),
                List.of(rows(count, selects.size(), 1)));
        for (int t = 0; t < count && keyScale == 1; t++) {
            int position = past + t;
            for (int h = 0; h < run.geometry.numQoHeads(); h++) {
                boolean streams = !selects.get(h / group);
                double[] expected = LayerOracle.attend(
                        s,
                        h / group,
                        LayerSequence.head(q.get(t), h, DIM),
                        p -> streams ? WINDOW.sees(position, p) : p <= position,
                        DIM);
                compare("prompt position " + position + " head " + h, expected, out[t], h);
            }
        }
    }

    /** One decode step of some sequences; checks every list and every output. */
    void decode(LayerSequence... sequences) {
        List<LayerSequence> batch = List.of(sequences);
        int lists = scope.numLists(run.geometry.numQoHeads(), selects.size());
        int[][][] before = new int[batch.size()][lists][0];
        for (int s = 0; s < batch.size() && selects.contains(true); s++) {
            for (int list = 0; list < lists; list++) {
                before[s][list] = run.list(batch.get(s), list);
            }
        }
        List<float[]> q = rows(batch.size(), run.geometry.numQoHeads(), 1);
        List<List<float[]>> k = new ArrayList<>();
        List<List<float[]>> v = new ArrayList<>();
        for (LayerSequence ignored : batch) {
            k.add(rows(1, selects.size(), 1));
            v.add(rows(1, selects.size(), 1));
        }
        float[][] out = run.step(Phase.DECODE, batch, q, k, v);
        for (int s = 0; s < batch.size(); s++) {
            for (int h = 0; h < run.geometry.numQoHeads(); h++) {
                check(batch.get(s), h, q.get(s), before[s], out[s]);
            }
        }
    }

    private void check(LayerSequence s, int head, float[] q, int[][] before, float[] out) {
        int kvHead = head / group;
        int position = s.length() - 1;
        String where = "length " + s.length() + " head " + head;
        float[] query = LayerSequence.head(q, head, DIM);
        if (!selects.get(kvHead)) {
            double[] expected = LayerOracle.attend(s, kvHead, query, p -> WINDOW.sees(position, p), DIM);
            compare(where, expected, out, head);
            return;
        }
        int list = scope == SelectionScope.QUERY_HEAD ? head : kvHead;
        int first = scope == SelectionScope.QUERY_HEAD ? head : kvHead * group;
        int count = scope == SelectionScope.QUERY_HEAD ? 1 : group;
        float[][] queries = new float[count][];
        for (int i = 0; i < count; i++) {
            queries[i] = LayerSequence.head(q, first + i, DIM);
        }
        int[] now = run.list(s, list);
        oracle.checkList(where, s, kvHead, queries, before[list], now);
        double[] expected =
                LayerOracle.attend(s, kvHead, query, p -> Arrays.binarySearch(now, p / LayerRun.PAGE) >= 0, DIM);
        compare(where, expected, out, head);
    }

    private static void compare(String where, double[] expected, float[] out, int head) {
        for (int c = 0; c < DIM; c++) {
            assertEquals(expected[c], out[head * DIM + c], TOLERANCE, where + " channel " + c);
        }
    }

    @Override
    public void close() {
        run.close();
    }
}
