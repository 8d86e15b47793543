package dev.filigree.policies.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.policies.golden.Geometries;
import dev.filigree.policies.streaming.StreamingConfig;
import dev.filigree.policies.streaming.StreamingPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The arrays of a step, against lists built token by token. */
class StepShapesTest {
    private static final AttentionPolicy STREAMING = new StreamingPolicy(new StreamingConfig(3, 7));
    private static final KvCachePlan KV = Geometries.cache(
            ModelGeometry.of(2, 4, 2, 8), STREAMING, Geometries.paged(KvPrecision.F16, PrefillReads.STORED));

    @Test
    void equalListsBuiltTokenByToken() {
        Random random = new Random(5);
        for (int round = 0; round < 300; round++) {
            int numSeqs = random.nextInt(5);
            int[] past = random.ints(numSeqs, 0, random.nextBoolean() ? 3 : 300).toArray();
            int[] now = random.ints(numSeqs, 0, random.nextBoolean() ? 2 : 200).toArray();
            check(past, now, StepShapes.of(KV, past, now, List.of(128, 4)));
        }
    }

    private static void check(int[] past, int[] now, StepShapes shapes) {
        List<Integer> qOffsets = new ArrayList<>(List.of(0));
        List<Integer> positions = new ArrayList<>();
        List<Integer> kvOffsets = new ArrayList<>(List.of(0));
        List<Integer> blocks4 = new ArrayList<>(List.of(0));
        List<Integer> blocks128 = new ArrayList<>(List.of(0));
        int kvRows = 0;
        int rows4 = 0;
        int rows128 = 0;
        for (int seq = 0; seq < past.length; seq++) {
            TreeSet<Integer> in4 = new TreeSet<>();
            TreeSet<Integer> in128 = new TreeSet<>();
            for (int p = past[seq]; p < past[seq] + now[seq]; p++) {
                positions.add(p);
                in4.add(p / 4);
                in128.add(p / 128);
            }
            for (int p = 0; p < past[seq] + now[seq]; p++) {
                // The next query stands at past and sees sink and recent tokens; current tokens all come along.
                boolean seen = p < 3 || p > past[seq] - 7;
                kvRows += seen || p >= past[seq] ? 1 : 0;
            }
            rows4 += in4.size();
            rows128 += in128.size();
            qOffsets.add(positions.size());
            kvOffsets.add(kvRows);
            blocks4.add(rows4);
            blocks128.add(rows128);
            assertEquals(past[seq], shapes.array("pastLengths")[seq]);
            assertEquals(past[seq] + now[seq], shapes.array("kvLengths")[seq]);
        }
        assertArrayEquals(ints(qOffsets), shapes.array("qOffsets"));
        assertArrayEquals(ints(positions), shapes.array("positions"));
        assertArrayEquals(ints(kvOffsets), shapes.array("kv.ring.kvOffsets"));
        assertArrayEquals(ints(blocks4), shapes.array("qBlockOffsets.4"));
        assertArrayEquals(ints(blocks128), shapes.array("qBlockOffsets.128"));
        assertEquals((long) positions.size(), shapes.axes().get("numTokens"));
        assertEquals((long) past.length, shapes.axes().get("numSeqs"));
        assertEquals((long) kvRows, shapes.axes().get("kv.ring.numKvTokens"));
        assertEquals((long) rows4, shapes.axes().get("numQBlocks.4"));
    }

    private static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }

    @Test
    void contradictionsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> StepShapes.of(KV, new int[1], new int[2], List.of()));
        assertThrows(IllegalArgumentException.class, () -> of(-1, 1));
        assertThrows(IllegalArgumentException.class, () -> of(Integer.MAX_VALUE, 1));
        StepShapes step = of(5, 1);
        assertThrows(IllegalArgumentException.class, () -> step.array("qBlockOffsets.128"));
    }

    private static StepShapes of(int past, int now) {
        return StepShapes.of(KV, new int[] {past}, new int[] {now}, List.of());
    }
}
