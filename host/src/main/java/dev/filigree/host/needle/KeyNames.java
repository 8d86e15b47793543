package dev.filigree.host.needle;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Names such as "amber otter", each handed out once; only pairs that the demo model never saw in training. */
final class KeyNames {
    private static final int MAX_ATTEMPTS = 10_000;

    private final List<String> adjectives;
    private final List<String> nouns;
    private final Random random;
    private final Set<Name> used = new HashSet<>();

    /** A pair by its places in the two lists. */
    record Name(int adjective, int noun) {
        /** The tenth of all pairs that training left out. */
        boolean isHeldOut() {
            return (31 * adjective + 17 * noun) % 10 == 0;
        }
    }

    KeyNames(NeedleWords words, Random random) {
        this.adjectives = words.list("adjective");
        this.nouns = words.list("noun");
        this.random = random;
    }

    /** A new name. */
    Name next() {
        return draw(() -> new Name(random.nextInt(adjectives.size()), random.nextInt(nouns.size())));
    }

    /** A new name that shares a word with another, so that half a match is a wrong answer. */
    Name like(Name other) {
        return draw(() -> random.nextBoolean()
                ? new Name(other.adjective(), random.nextInt(nouns.size()))
                : new Name(random.nextInt(adjectives.size()), other.noun()));
    }

    String text(Name name) {
        return adjectives.get(name.adjective()) + " " + nouns.get(name.noun());
    }

    private Name draw(java.util.function.Supplier<Name> candidates) {
        for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
            Name name = candidates.get();
            if (name.isHeldOut() && used.add(name)) {
                return name;
            }
        }
        throw new IllegalStateException("no unused name was found among " + adjectives.size() * nouns.size());
    }
}
