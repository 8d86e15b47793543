package dev.filigree.host.engine;

import java.util.Arrays;

/**
 * The tokens of a sequence as long as it has read nothing but whole prompt chunks from its start. What lies in its pages is
 * then what every prompt that begins with these tokens computes, to the bit, since all prompts are cut into the same chunks.
 */
final class WholeChunks {
    private static final int NEVER = -1;

    private int[] ids = {};
    private int size;

    /** Tokens read in whole chunks; a sequence of another length has read something else too. */
    int size() {
        return size;
    }

    int[] ids() {
        return Arrays.copyOf(ids, Math.max(size, 0));
    }

    /** The next chunk of a step, which began where the last one ended. */
    void add(Step step, int seq) {
        int count = step.count(seq);
        if (size + count > ids.length) {
            ids = Arrays.copyOf(ids, Math.max(size + count, 2 * ids.length));
        }
        for (int i = 0; i < count; i++) {
            ids[size + i] = step.id(step.start(seq) + i);
        }
        size += count;
    }

    /** Starts with tokens that another sequence has read in the same chunks. */
    void start(int[] tokens) {
        ids = tokens.clone();
        size = tokens.length;
    }

    /** Tokens from a length on were forgotten: what follows is cut otherwise, unless all of them were. */
    void cut(long length) {
        if (length == 0) {
            size = 0;
        } else if (length < size) {
            size = NEVER;
        }
    }
}
