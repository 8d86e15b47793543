package dev.filigree.host.calibrate.data;

import dev.filigree.host.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Ten passkeys of 32 words hidden in a long text, then ten questions about them: what DuoAttention trains gates on (section
 * 2.2). The questions, whole, are the labels.
 */
public final class PasskeyData implements CalibrationData {
    private static final int NUM_NEEDLES = 10;
    private static final int NUM_WORDS = 32;
    private static final int NUM_DEPTHS = 1000;
    private static final int NUM_LENGTHS = 50;
    private static final double FIRST_DEPTH = 0.05;
    private static final double LAST_DEPTH = 0.95;
    private static final int MULTIPLE = 16;
    private static final List<String> ORDINALS =
            List.of("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth");
    private static final List<String> WORDS = List.of(
            "alpha",
            "bravo",
            "charlie",
            "delta",
            "echo",
            "foxtrot",
            "golf",
            "hotel",
            "india",
            "juliett",
            "kilo",
            "lima",
            "mike",
            "november",
            "oscar",
            "papa",
            "quebec",
            "romeo",
            "sierra",
            "tango",
            "uniform",
            "victor",
            "whiskey",
            "xray",
            "yankee",
            "zulu");

    private final Tokenizer tokenizer;
    private final int[] haystack;
    private final int minLength;
    private final long seed;

    /**
     * Samples over one text.
     *
     * @param haystack what the needles are hidden in
     * @param minLength tokens of the shortest slice of it
     * @param maxLength tokens of the longest slice
     * @param seed of everything random
     * @throws IllegalArgumentException if the text is shorter than {@code maxLength} tokens
     */
    public PasskeyData(Tokenizer tokenizer, String haystack, int minLength, int maxLength, long seed) {
        int[] ids = tokenizer.encode(haystack, false);
        if (minLength < NUM_NEEDLES || maxLength < minLength || ids.length < maxLength) {
            throw new IllegalArgumentException(
                    "the haystack must have at least " + maxLength + " tokens and slices between " + NUM_NEEDLES
                            + " and that, not " + ids.length + " and " + minLength);
        }
        this.tokenizer = tokenizer;
        this.haystack = Arrays.copyOf(ids, maxLength);
        this.minLength = minLength;
        this.seed = seed;
    }

    @Override
    public CalibrationSample sample(long index) {
        Random random = new Random(seed * 0x9e3779b97f4a7c15L + index);
        int length = length(index);
        List<String> keys =
                IntStream.range(0, NUM_NEEDLES).mapToObj(i -> passkey(random)).toList();
        int[] places = places(length, random);
        IdList ids = new IdList();
        ids.add(tokenizer.encode("", true));
        ids.add(encode("This is a long story. Read it carefully.\n<book>"));
        for (int i = 0; i < NUM_NEEDLES; i++) {
            ids.add(Arrays.copyOfRange(haystack, i == 0 ? 0 : places[i - 1], places[i]));
            ids.add(encode(needle(i, keys.get(i))));
        }
        ids.add(Arrays.copyOfRange(haystack, places[NUM_NEEDLES - 1], length));
        int[] close = encode("</book>.\n\n");
        int[][] questions = IntStream.range(0, NUM_NEEDLES)
                .mapToObj(i -> encode(question(i) + keys.get(i) + "\n\n"))
                .toArray(int[][]::new);
        int rest =
                close.length + Arrays.stream(questions).mapToInt(q -> q.length).sum();
        int padding = Math.floorMod(-(ids.size() + rest), MULTIPLE);
        ids.add(Arrays.copyOfRange(haystack, haystack.length - padding, haystack.length));
        ids.add(close);
        int firstLabel = ids.size();
        for (int[] question : questions) {
            ids.add(question);
        }
        return new CalibrationSample(
                ids.toArray(), IntStream.range(firstLabel, ids.size()).toArray());
    }

    /** The text that hides a passkey. */
    static String needle(int i, String passkey) {
        return "\n\nRemember these words, they are the " + ORDINALS.get(i) + " passkey to the vault: " + passkey
                + "\n\n";
    }

    /** The text that asks for a passkey. */
    static String question(int i) {
        return "What is the " + ORDINALS.get(i) + " passkey to the vault? Passkey: ";
    }

    private int[] encode(String text) {
        return tokenizer.encode(text, false);
    }

    /** Fifty lengths from the shortest to the longest, in an order that differs from epoch to epoch. */
    private int length(long index) {
        List<Integer> order =
                IntStream.range(0, NUM_LENGTHS).boxed().collect(Collectors.toCollection(java.util.ArrayList::new));
        java.util.Collections.shuffle(order, new Random(seed + 31 * (index / NUM_LENGTHS)));
        int step = order.get((int) (index % NUM_LENGTHS));
        return minLength + (int) ((long) (haystack.length - minLength) * step / (NUM_LENGTHS - 1));
    }

    private static int[] places(int length, Random random) {
        return random.ints(0, NUM_DEPTHS)
                .distinct()
                .limit(NUM_NEEDLES)
                .sorted()
                .map(d -> (int) (length * (FIRST_DEPTH + (LAST_DEPTH - FIRST_DEPTH) * d / (NUM_DEPTHS - 1))))
                .toArray();
    }

    private static String passkey(Random random) {
        return IntStream.range(0, NUM_WORDS)
                .mapToObj(i -> WORDS.get(random.nextInt(WORDS.size())))
                .collect(Collectors.joining(" "));
    }

    @Override
    public int maxTokens() {
        int keyWords = NUM_NEEDLES * NUM_WORDS;
        // Every word and every byte of the frame as a token of its own is more than any tokenizer makes of them.
        int frame = NUM_NEEDLES * (needle(0, "").length() + question(0).length() + 16) + 2 * keyWords * 9;
        return haystack.length + frame + MULTIPLE + 64;
    }

    @Override
    public String describe() {
        return NUM_NEEDLES + " passkeys of " + NUM_WORDS + " words in " + minLength + " to " + haystack.length
                + " tokens, seed " + seed;
    }
}
