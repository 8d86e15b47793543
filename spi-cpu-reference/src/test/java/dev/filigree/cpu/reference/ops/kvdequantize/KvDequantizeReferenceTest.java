package dev.filigree.cpu.reference.ops.kvdequantize;

import static dev.filigree.cpu.reference.testing.OneOp.ref;
import static dev.filigree.cpu.reference.testing.OneOp.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.op.KvDequantize;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.tensor.DType;
import dev.filigree.cpu.reference.testing.OneOp;
import dev.filigree.cpu.reference.testing.Pages;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KvDequantizeReferenceTest {

    private static KvDequantize gather(
            KvPageLayout layout, KvAddressing addressing, Retention retention, boolean roundCurrent) {
        return new KvDequantize(
                HeadMap.all(1, 1),
                new KvPages(layout, addressing, ref("pages"), ref("table")),
                retention,
                roundCurrent,
                ref("kc"),
                ref("vc"),
                ref("qo"),
                ref("past"),
                ref("ko"),
                ref("k"),
                ref("v"),
                ref("positions"));
    }

    @Test
    void givesTheRetainedPastInOrderThenTheCurrentTokens() {
        // sink 1 + recent 2 of a past of 5: positions 0 and 4; ring of one sink page and 2 pages of 1 token
        KvPageLayout layout = new KvPageLayout(1, 1, 1, 1, KvPrecision.F32, KvPrecision.F32, 0);
        byte[] content = Pages.empty(layout, 3);
        int pageBytes = (int) layout.pageBytes();
        float[] byColumn = {10, 13, 14}; // columns hold positions 0, 3, 4
        for (int page = 0; page < 3; page++) {
            java.nio.ByteBuffer bytes = java.nio.ByteBuffer.wrap(content).order(java.nio.ByteOrder.LITTLE_ENDIAN);
            bytes.putFloat(page * pageBytes, byColumn[page]);
            bytes.putFloat(page * pageBytes + (int) layout.vDataOffset(), 10 * byColumn[page]);
        }
        OneOp op = new OneOp()
                .codes("pages", DType.U8, shape(3, pageBytes), unsigned(content))
                .ints("table", shape(1, 3), 0, 1, 2)
                .floats("kc", shape(2, 1, 1), 15, 16)
                .floats("vc", shape(2, 1, 1), 150, 160)
                .ints("qo", shape(2), 0, 2)
                .ints("past", shape(1), 5)
                .ints("ko", shape(2), 0, 4)
                .output("k", DType.F32, 4, 1, 1)
                .output("v", DType.F32, 4, 1, 1)
                .output("positions", DType.I32, 4)
                .run(gather(layout, new KvAddressing.Ring(1, 2), new Retention.SinkAndRecent(1, 2), false));
        assertArrayEquals(new float[] {10, 14, 15, 16}, op.floats("k"));
        assertArrayEquals(new float[] {100, 140, 150, 160}, op.floats("v"));
        assertArrayEquals(new int[] {0, 4, 5, 6}, op.ints("positions"));
    }

    @Test
    void currentTokensPassThroughTheStorageOnlyIfAsked() {
        // INT4 of [0 1.4 15 7]: scale 1, zero 0: 1.4 reads back as 1
        KvPageLayout layout = new KvPageLayout(1, 2, 4, 4, KvPrecision.INT4, KvPrecision.INT4, 0);
        for (boolean roundCurrent : new boolean[] {true, false}) {
            OneOp op = new OneOp()
                    .codes("pages", DType.U8, shape(1, layout.pageBytes()), new int[(int) layout.pageBytes()])
                    .ints("table", shape(1, 1), 0)
                    .floats("kc", shape(1, 1, 4), 0, 1.4f, 15, 7)
                    .floats("vc", shape(1, 1, 4), 3, 3, 3, 3)
                    .ints("qo", shape(2), 0, 1)
                    .ints("past", shape(1), 0)
                    .ints("ko", shape(2), 0, 1)
                    .output("k", DType.F32, 1, 1, 4)
                    .output("v", DType.F32, 1, 1, 4)
                    .output("positions", DType.I32, 1)
                    .run(gather(layout, KvAddressing.LINEAR, new Retention.Everything(), roundCurrent));
            assertArrayEquals(new float[] {0, roundCurrent ? 1 : 1.4f, 15, 7}, op.floats("k"));
            assertArrayEquals(new float[] {3, 3, 3, 3}, op.floats("v"));
        }
    }

    private static int[] unsigned(byte[] bytes) {
        return IntStream.range(0, bytes.length).map(i -> bytes[i] & 0xff).toArray();
    }
}
