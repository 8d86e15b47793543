package dev.filigree.host.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.host.engine.BlockModel.Twin;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random lives of sequences and of kept prompt beginnings against plain lists, over full pages and rings: 10,000 steps per
 * seed, one fixed seed and a fresh one that a failure names.
 */
class PrefixCacheModelTest {
    private static final int STEPS = 10_000;
    private static final int MAX_PREFIXES = 5;
    private static final int MAX_TOKENS = 90;

    /** A beginning as the model knows it, the one used longest ago first. */
    private final List<List<Integer>> kept = new ArrayList<>();

    private final List<Twin> twins = new ArrayList<>();
    private final BlockModel model = new BlockModel(BlockManagerModelTest.cache(60, 40, 30));
    private final PrefixCache cache = new PrefixCache(model.manager(), MAX_PREFIXES, 1, 1);
    private Random random = new Random();
    private int shared;
    private int dropped;
    private int refused;

    static LongStream seeds() {
        return LongStream.of(1, System.nanoTime());
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void beginningsStayWhatTheyWereAndArePassedOnWhole(long seed) {
        random = new Random(seed);
        for (int step = 0; step < STEPS; step++) {
            switch (random.nextInt(6)) {
                case 0, 1 -> append();
                case 2 -> keep();
                case 3 -> share();
                case 4 -> rewind();
                default -> close();
            }
            check();
        }
        String told = "seed " + seed + ": " + shared + " shared, " + dropped + " dropped, " + refused + " refused";
        assertTrue(shared > 100 && dropped > 100 && refused > 100, told);
        while (cache.dropOldest()) {
            kept.removeFirst();
        }
        twins.forEach(twin -> twin.blocks.clear());
        twins.clear();
        check();
        assertFalse(cache.dropOldest());
    }

    private void check() {
        List<Twin> all = new ArrayList<>(twins);
        assertEquals(kept.size(), cache.size());
        int i = 0;
        for (SequenceBlocks blocks : cache.kept()) {
            Twin hidden = new Twin(blocks);
            hidden.tokens.addAll(kept.get(i++));
            all.add(hidden);
        }
        model.check(all);
    }

    private Twin pick() {
        if (twins.isEmpty()) {
            twins.add(model.open());
        }
        return twins.get(random.nextInt(twins.size()));
    }

    /** Where pages are lacking, beginnings make room, as they do in the engine. */
    private void append() {
        Twin twin = pick();
        int count = Math.min(1 + random.nextInt(30), MAX_TOKENS - twin.tokens.size());
        while (true) {
            try {
                model.reserve(List.of(twin), new int[] {count});
                break;
            } catch (CacheFullException e) {
                refused++;
                if (!cache.dropOldest()) {
                    return;
                }
                kept.removeFirst();
                dropped++;
            }
        }
        model.write(twin, count);
        twin.blocks.commit();
    }

    private void keep() {
        Twin twin = pick();
        if (twin.tokens.isEmpty()) {
            return;
        }
        List<Integer> tokens = List.copyOf(twin.tokens);
        cache.keep(ids(tokens), twin.blocks);
        kept.remove(tokens);
        kept.add(tokens);
        if (kept.size() > MAX_PREFIXES) {
            kept.removeFirst();
            dropped++;
        }
    }

    /** A prompt that begins as some sequence does, as far as it goes or a part of it. */
    private void share() {
        List<List<Integer>> known = new ArrayList<>(kept);
        twins.forEach(twin -> known.add(twin.tokens));
        if (known.isEmpty() || twins.size() >= 8) {
            return;
        }
        List<Integer> prompt = new ArrayList<>(known.get(random.nextInt(known.size())));
        prompt = prompt.subList(0, prompt.size() - (random.nextBoolean() ? 0 : random.nextInt(prompt.size() + 1)));
        prompt.add(-1);
        List<Integer> longest = List.of();
        for (List<Integer> one : kept) {
            boolean begins =
                    one.size() < prompt.size() && prompt.subList(0, one.size()).equals(one);
            longest = begins && one.size() > longest.size() ? one : longest;
        }
        Twin twin = model.open();
        assertEquals(longest.size(), cache.share(twin.blocks, ids(prompt), prompt.size()));
        twin.tokens.addAll(longest);
        twins.add(twin);
        if (!longest.isEmpty()) {
            shared++;
            kept.remove(longest);
            kept.add(longest);
        }
    }

    private void rewind() {
        Twin twin = pick();
        model.rewind(twin, random.nextInt(twin.tokens.size() + 1));
    }

    private void close() {
        if (twins.size() > 4) {
            twins.remove(random.nextInt(twins.size())).blocks.clear();
        }
    }

    private static int[] ids(List<Integer> tokens) {
        return tokens.stream().mapToInt(Integer::intValue).toArray();
    }
}
