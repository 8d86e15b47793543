package com.example.sample.backend;

import dev.filigree.api.host.HostTensor;
import java.util.Arrays;

/** Tokens of a row of logits from the most to the least likely, the lower index first among equals. */
final class TokenRanking {
    private final long[] order;

    TokenRanking(int vocab) {
        order = new long[vocab];
    }

    int size() {
        return order.length;
    }

    /** The most likely token; the first NaN if there is one. */
    static int best(HostTensor logits, long row) {
        int best = 0;
        for (int i = 1; i < logits.extent(1); i++) {
            float old = logits.get(logits.at(row, best));
            float now = logits.get(logits.at(row, i));
            if (now > old || (Float.isNaN(now) && !Float.isNaN(old))) {
                best = i;
            }
        }
        return best;
    }

    /** Sorts one long per token: the bits of the logit so that larger ones come first, then the index. */
    void rank(HostTensor logits, long row) {
        for (int i = 0; i < order.length; i++) {
            int bits = Float.floatToIntBits(logits.get(logits.at(row, i)) + 0f); // + 0 makes -0 equal to 0
            int ascending = bits >= 0 ? bits : bits ^ Integer.MAX_VALUE;
            order[i] = (long) ~ascending << 32 | i;
        }
        Arrays.sort(order);
    }

    int token(int rank) {
        return (int) order[rank];
    }
}
