package dev.filigree.host.needle;

import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sentences without facts: a random pattern with random words in its slots. */
final class FillerProse {
    private static final Pattern SLOT = Pattern.compile("\\{([a-zA-Z]+|(\\d+)\\.\\.(\\d+))}");

    private final NeedleWords words;
    private final Random random;

    FillerProse(NeedleWords words, Random random) {
        this.words = words;
        this.random = random;
    }

    String sentence() {
        Matcher slots = SLOT.matcher(pick("sentence"));
        StringBuilder text = new StringBuilder();
        while (slots.find()) {
            slots.appendReplacement(text, Matcher.quoteReplacement(word(slots)));
        }
        slots.appendTail(text);
        return text.toString();
    }

    private String word(Matcher slot) {
        if (slot.group(2) != null) {
            int low = Integer.parseInt(slot.group(2));
            int high = Integer.parseInt(slot.group(3));
            return Integer.toString(low + random.nextInt(high - low + 1));
        }
        String list = slot.group(1);
        String word = pick(list.toLowerCase(Locale.ROOT));
        boolean capital = Character.isUpperCase(list.charAt(0));
        return capital ? word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1) : word;
    }

    private String pick(String list) {
        List<String> choices = words.list(list);
        return choices.get(random.nextInt(choices.size()));
    }
}
