package dev.filigree.host.quantize.nunchaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * The packing rules of docs/svdquant.md. Each order is replayed place by place, as the published exporter reshapes and
 * permutes, and compared with the closed form at every element. Each rule has a mutant: a wrong order that is a permutation too, so
 * that a layer packed by it would come back whole, and only the replay finds it.
 */
class PackingRulesTest {

    /** Writes down the element at one place after the other. */
    private static final class Replay {
        private final int[] places;
        private final int columns;
        private int next;

        Replay(int rows, int columns) {
            places = new int[rows * columns];
            this.columns = columns;
        }

        void element(int row, int column) {
            places[row * columns + column] = next++;
        }
    }

    @FunctionalInterface
    private interface Order {
        void write(Replay replay);
    }

    /**
     * A rule.
     *
     * @param order the places in order
     * @param ours the closed form
     * @param mutant a closed form with one defect
     */
    private record Rule(String id, int rows, int columns, Order order, Places ours, String defect, Places mutant) {
        int[] expected() {
            Replay replay = new Replay(rows, columns);
            order.write(replay);
            assertEquals(rows * columns, replay.next, id);
            return replay.places;
        }

        int[] places(Places of) {
            int[] places = new int[rows * columns];
            Arrays.setAll(places, i -> of.of(i / columns, i % columns));
            return places;
        }
    }

    private static final List<Rule> RULES = List.of(
            new Rule(
                    "P1",
                    256,
                    192,
                    PackingRulesTest::codes,
                    (n, k) -> NunchakuIndex.code(n, k, 192),
                    "halves of 32 columns before halves of 8 rows",
                    (n, k) -> {
                        int place = NunchakuIndex.code(n, k, 192);
                        return place / 32 * 32 + place % 16 / 8 * 16 + place % 32 / 16 * 8 + place % 8;
                    }),
            new Rule(
                    "P2",
                    256,
                    3,
                    PackingRulesTest::scales,
                    (n, g) -> NunchakuIndex.scale(n, g, 3),
                    "scales of rows in their own order",
                    (n, g) -> (n / 128 * 3 + g) * 128 + n % 128),
            new Rule(
                    "P3",
                    256,
                    12,
                    PackingRulesTest::microScales,
                    (n, g) -> NunchakuIndex.microScale(n, g, 12),
                    "a row's four scales apart",
                    (n, g) -> {
                        int place = NunchakuIndex.microScale(n, g, 12);
                        return place / 16 * 16 + place % 4 * 4 + place % 16 / 4;
                    }),
            new Rule(
                    "P4",
                    48,
                    128,
                    PackingRulesTest::downs,
                    (r, k) -> NunchakuIndex.down(r, k, 48),
                    "rows and columns of a tile exchanged",
                    (r, k) -> NunchakuIndex.down(r / 16 * 16 + k % 16, k / 16 * 16 + r % 16, 48)),
            new Rule(
                    "P5",
                    128,
                    48,
                    PackingRulesTest::ups,
                    (n, r) -> NunchakuIndex.up(n, r, 48),
                    "tiles of ranks before those of channels",
                    (n, r) -> {
                        int place = NunchakuIndex.up(n, r, 48);
                        return (place / 256 % 3 * 8 + place / 768) * 256 + place % 256;
                    }),
            new Rule(
                    "P6",
                    12,
                    192,
                    PackingRulesTest::weightOnlyCodes,
                    (n, k) -> NunchakuIndex.weightOnlyCode(n, k, 192),
                    "neighbours share an int16",
                    (n, k) -> {
                        int place = NunchakuIndex.weightOnlyCode(n, k, 192);
                        return place / 32 * 32 + place % 4 * 8 + place % 32 / 4;
                    }));

    private static void codes(Replay replay) {
        int[] shape = {2, 3, 8, 8, 4, 2, 2, 8}; // a, c, p, n0, k0, n2, k2, j
        each(
                shape,
                i -> replay.element(128 * i[0] + 16 * i[2] + 8 * i[5] + i[3], 64 * i[1] + 32 * i[6] + 8 * i[4] + i[7]));
    }

    private static void scales(Replay replay) {
        int[] shape = {2, 3, 8, 4, 2, 2}; // a, group, x, c, e1, e0
        each(shape, i -> replay.element(128 * i[0] + 16 * i[2] + 8 * i[4] + 2 * i[3] + i[5], i[1]));
    }

    private static void microScales(Replay replay) {
        int[] shape = {2, 3, 8, 4, 4, 4}; // a, c, l, b, p, g0
        each(shape, i -> replay.element(128 * i[0] + 32 * i[4] + 8 * i[3] + i[2], 4 * i[1] + i[5]));
    }

    private static void downs(Replay replay) {
        int[] shape = {8, 3, 8, 4, 2, 2, 2}; // channel tile, rank tile, n0, k0, n2, k2, d
        each(shape, i -> replay.element(16 * i[1] + 8 * i[4] + i[2], 16 * i[0] + 8 * i[5] + 2 * i[3] + i[6]));
    }

    private static void ups(Replay replay) {
        int[] shape = {8, 3, 8, 4, 2, 2, 2}; // channel tile, rank tile, n0, k0, n2, k2, d
        each(shape, i -> replay.element(16 * i[0] + 8 * i[4] + i[2], 16 * i[1] + 8 * i[5] + 2 * i[3] + i[6]));
    }

    private static void weightOnlyCodes(Replay replay) {
        int[] shape = {3, 3, 4, 2, 8, 4}; // four rows, 64 columns, row, 32 columns, int16, nibble
        each(shape, i -> replay.element(4 * i[0] + i[2], 64 * i[1] + 32 * i[3] + 8 * i[5] + i[4]));
    }

    @FunctionalInterface
    private interface Visitor {
        void at(int[] index);
    }

    /** Every index of a shape, the last counting fastest. */
    private static void each(int[] shape, Visitor visitor) {
        int count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        int[] index = new int[shape.length];
        for (int i = 0; i < count; i++) {
            int left = i;
            for (int d = shape.length - 1; d >= 0; d--) {
                index[d] = left % shape[d];
                left /= shape[d];
            }
            visitor.at(index);
        }
    }

    @Test
    void closedFormsAreTheReplayedOrders() {
        for (Rule rule : RULES) {
            assertArrayEquals(rule.expected(), rule.places(rule.ours()), rule.id());
        }
    }

    @Test
    void mutantsComeBackWholeAndAreFoundAllTheSame() {
        for (Rule rule : RULES) {
            int[] mutant = rule.places(rule.mutant());
            int[] sorted = Arrays.stream(mutant).sorted().toArray();
            assertArrayEquals(IntStream.range(0, mutant.length).toArray(), sorted, rule.id() + " is no permutation");
            assertFalse(Arrays.equals(rule.expected(), mutant), () -> rule.id() + ": " + rule.defect());
        }
    }

    /** P7: eight codes of a row lie in a word from the low end up. */
    @Test
    void theHighHalfFirstIsFound() {
        byte[] codes = {0, 1, 2, 3, 4, 5, 6, 7};
        byte[] expected = {0x10, 0x32, 0x54, 0x76};
        assertArrayEquals(expected, Nibbles.pack(codes));
        assertArrayEquals(codes, Nibbles.unpack(Nibbles.pack(codes)));
        assertFalse(Arrays.equals(expected, highFirst(codes)));
    }

    private static byte[] highFirst(byte[] nibbles) {
        byte[] bytes = Nibbles.pack(nibbles);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) ((bytes[i] << 4) | ((bytes[i] >> 4) & 15));
        }
        return bytes;
    }

    @Test
    void thePageListsEveryRuleWithItsMutant() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "svdquant.md"));
        for (Rule rule : RULES) {
            boolean listed = page.lines()
                    .anyMatch(line ->
                            line.startsWith("| " + rule.id() + " |") && line.endsWith("| " + rule.defect() + " |"));
            assertTrue(listed, () -> "docs/svdquant.md must list " + rule.id() + " with the mutant " + rule.defect());
        }
    }
}
