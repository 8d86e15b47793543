package dev.filigree.host.needle;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The facts of a prompt, the question about one of them, and its answer, in the words that the demo model knows.
 *
 * @param items facts with their places; the one asked for first
 * @param question text up to the answer
 * @param answer what must follow
 */
record NeedleFacts(List<Item> items, String question, String answer) {
    private static final String HEX = "0123456789abcdef";
    private static final String LETTERS_AND_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789";
    private static final int TOKENS_PER_DISTRACTOR = 256;
    private static final int SIMILAR_DISTRACTORS = 4;

    /** A fact at its place in the text, 0 to 1. */
    record Item(double place, String text) {}

    static NeedleFacts of(NeedleTask task, int numTokens, double depth, NeedleWords words, Random random) {
        KeyNames names = new KeyNames(words, random);
        return switch (task) {
            case SINGLE -> passKeys(0, depth, names, random);
            case MULTIKEY ->
                passKeys(Math.max(SIMILAR_DISTRACTORS, numTokens / TOKENS_PER_DISTRACTOR), depth, names, random);
            case MULTIVALUE -> signalCodes(depth, names, random);
            case KV -> keyValueLine(depth, random);
            case COPY -> codeString(depth, names, random);
        };
    }

    private static NeedleFacts passKeys(int distractors, double depth, KeyNames names, Random random) {
        KeyNames.Name own = names.next();
        String value = digits(random);
        List<Item> items = new ArrayList<>();
        items.add(new Item(depth, passKey(names.text(own), value)));
        for (int i = 0; i < distractors; i++) {
            KeyNames.Name other = i < SIMILAR_DISTRACTORS ? names.like(own) : names.next();
            items.add(new Item(random.nextDouble(), passKey(names.text(other), digits(random))));
        }
        return new NeedleFacts(items, "What is the pass key for " + names.text(own) + "? ", value + ".");
    }

    private static NeedleFacts signalCodes(double depth, KeyNames names, Random random) {
        KeyNames.Name own = names.next();
        KeyNames.Name other = names.like(own);
        double second = depth + (1 - depth) * random.nextDouble();
        double third = second + (1 - second) * random.nextDouble();
        List<Item> items = new ArrayList<>();
        List<String> values = new ArrayList<>();
        for (double place : new double[] {depth, second, third}) {
            values.add(digits(random));
            items.add(new Item(place, signalCode(names.text(own), values.getLast())));
        }
        for (int i = 0; i < 3; i++) {
            items.add(new Item(random.nextDouble(), signalCode(names.text(other), digits(random))));
        }
        return new NeedleFacts(
                items, "What are all the signal codes for " + names.text(own) + "? ", String.join(", ", values) + ".");
    }

    private static NeedleFacts keyValueLine(double depth, Random random) {
        String key = hex(random);
        String value = hex(random);
        return new NeedleFacts(List.of(new Item(depth, line(key, value))), "Lookup \"" + key + "\": \"", value + "\"");
    }

    private static NeedleFacts codeString(double depth, KeyNames names, Random random) {
        String name = names.text(names.next());
        String value = characters(LETTERS_AND_DIGITS, 32, random);
        return new NeedleFacts(
                List.of(new Item(depth, "Code string for " + name + ": " + value + ". ")),
                "Repeat the code string for " + name + ": ",
                value + ".");
    }

    /** One line of a key-value text. */
    static String line(String key, String value) {
        return "\"" + key + "\": \"" + value + "\",\n";
    }

    /** Six hexadecimal digits. */
    static String hex(Random random) {
        return characters(HEX, 6, random);
    }

    private static String passKey(String name, String value) {
        return "The pass key for " + name + " is " + value + ". ";
    }

    private static String signalCode(String name, String value) {
        return "A signal code for " + name + " is " + value + ". ";
    }

    private static String digits(Random random) {
        return characters("0123456789", 5, random);
    }

    private static String characters(String alphabet, int count, Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return text.toString();
    }
}
