package dev.filigree.host.needle;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/** Makes prompts. Equal arguments give equal prompts, on every machine. */
public final class NeedleMaker {
    /** Smallest prompt that holds every task's facts. */
    public static final int MIN_TOKENS = 512;

    /** Largest prompt: four times what the demo model was trained for. */
    public static final int MAX_TOKENS = 131_072;

    private final NeedleWords words = NeedleWords.load();

    /**
     * Makes one prompt. Sizes count one token per byte, as the demo model's tokenizer does.
     *
     * @param task what is asked
     * @param numTokens size of prompt and answer with begin and end tokens, {@value #MIN_TOKENS} to
     *     {@value #MAX_TOKENS}
     * @param depth where the needle stands, 0 to 1
     * @param seed of everything random
     * @throws IllegalArgumentException if a value is out of range
     */
    public NeedlePrompt make(NeedleTask task, int numTokens, double depth, long seed) {
        if (numTokens < MIN_TOKENS || numTokens > MAX_TOKENS) {
            throw new IllegalArgumentException(
                    "tokens must be " + MIN_TOKENS + " to " + MAX_TOKENS + ", not " + numTokens);
        }
        if (!(depth >= 0 && depth <= 1)) {
            throw new IllegalArgumentException("depth must be 0 to 1, not " + depth);
        }
        Random random = new Random(
                seed * 31 + task.ordinal() + numTokens * 0x9e3779b97f4a7c15L + Math.round(depth * 1000) * 7919);
        NeedleFacts facts = NeedleFacts.of(task, numTokens, depth, words, random);
        int room = numTokens - 2 - facts.question().length() - facts.answer().length() - 1;
        String text = task == NeedleTask.KV ? lines(facts, room, depth, random) : prose(facts, room, random);
        return new NeedlePrompt(
                task, numTokens, depth, seed, text.stripTrailing() + "\n" + facts.question(), facts.answer());
    }

    private static String lines(NeedleFacts facts, int room, double depth, Random random) {
        String needle = facts.items().getFirst().text();
        int count = room / needle.length();
        int at = Math.min((int) (depth * count), count - 1);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(i == at ? needle : NeedleFacts.line(NeedleFacts.hex(random), NeedleFacts.hex(random)));
        }
        return text.toString();
    }

    private String prose(NeedleFacts facts, int room, Random random) {
        List<NeedleFacts.Item> items = new ArrayList<>(facts.items());
        items.sort(Comparator.comparingDouble(NeedleFacts.Item::place));
        int spare = room - items.stream().mapToInt(item -> item.text().length()).sum();
        List<String> filler = filler(spare, random);
        int total = filler.stream().mapToInt(String::length).sum();
        StringBuilder text = new StringBuilder();
        int next = 0;
        int before = 0;
        for (NeedleFacts.Item item : items) {
            while (next < filler.size() && before + filler.get(next).length() / 2 <= item.place() * total) {
                before += filler.get(next).length();
                text.append(filler.get(next++));
            }
            text.append(item.text());
        }
        filler.subList(next, filler.size()).forEach(text::append);
        return text.toString();
    }

    private List<String> filler(int spare, Random random) {
        FillerProse prose = new FillerProse(words, random);
        List<String> sentences = new ArrayList<>();
        int total = 0;
        while (true) {
            String sentence = prose.sentence() + " ";
            if (total + sentence.length() > spare) {
                return sentences;
            }
            sentences.add(sentence);
            total += sentence.length();
        }
    }
}
