package dev.filigree.host.calibrate.heads;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.policies.table.HeadTable;
import dev.filigree.policies.table.HeadTableFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GatesTest {
    private static final HeadPattern.Streaming PATTERN = new HeadPattern.Streaming(64, 256);

    @TempDir
    private Path folder;

    private static HeadTable random(long seed) {
        Random random = new Random(seed);
        return new HeadTable(IntStream.range(0, 25)
                .mapToObj(l -> IntStream.range(0, 8)
                        .mapToObj(h -> Float.intBitsToFloat(random.nextInt(0x3f800001)) * (random.nextInt(3) - 1))
                        .toList())
                .toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"gates.tsv", "gates.json"})
    void everyBitReadsBackAsThePolicyReadsIt(String name) throws Exception {
        Gates gates = new Gates(HeadMethod.GRADIENT, PATTERN, random(1), random(2));
        Path file = folder.resolve(name);
        gates.write(file);
        HeadTableFile read = HeadTableFile.read(file).requireKind("gates");
        assertEquals(gates.table(), read.table());
        assertEquals(gates.tieBreak(), read.table("secondary").orElseThrow());
    }

    @Test
    void publishedFormKeepsGatesAndPattern() throws Exception {
        Gates gates = new Gates(HeadMethod.MASS, PATTERN, random(3), random(4));
        gates.writePublished(folder.resolve("pattern"));
        assertEquals(
                gates.table(),
                HeadTableFile.read(folder.resolve("pattern/full_attention_heads.tsv"))
                        .table());
        assertEquals(
                "{\n  \"sink_size\": 64,\n  \"recent_size\": 256\n}\n",
                Files.readString(folder.resolve("pattern/config.json")));
    }

    @Test
    void textSaysWhereTheGatesComeFrom() throws Exception {
        HeadTable table = new HeadTable(List.of(List.of(1f, 0.5f), List.of(-0.001f, 0f)));
        Path file = folder.resolve("gates.tsv");
        new Gates(HeadMethod.KNOCKOUT, PATTERN, table, table).write(file);
        assertEquals("""
                # filigree gates 1
                # method=knockout sink=64 recent=256
                1.0\t0.5
                -0.001\t0.0
                # secondary
                1.0\t0.5
                -0.001\t0.0
                """, Files.readString(file));
    }

    @Test
    void rankingClipsThenAsksTheTieBreak() {
        HeadTable gates = new HeadTable(List.of(List.of(1.2f, 1.0f, 0.3f, -0.1f)));
        HeadTable tieBreak = new HeadTable(List.of(List.of(0.1f, 0.2f, 9f, 9f)));
        assertEquals("L0H1 L0H0 L0H2 L0H3", names(HeadRanking.of(gates, tieBreak)));
        assertEquals("L0H0 L0H1 L0H2 L0H3", names(HeadRanking.of(gates, gates)));
    }

    private static String names(List<HeadRanking.Head> heads) {
        return heads.stream().map(HeadRanking.Head::toString).collect(Collectors.joining(" "));
    }
}
