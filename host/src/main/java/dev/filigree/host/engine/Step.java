package dev.filigree.host.engine;

import dev.filigree.api.attention.Phase;
import dev.filigree.host.decoder.DecoderOutputs;
import java.util.Arrays;

/**
 * What one step computes: new tokens of some sequences. Filled, run and filled again without allocation once it has
 * its size. Not thread-safe.
 */
public final class Step {
    private Phase phase = Phase.PREFILL;
    private DecoderOutputs outputs = DecoderOutputs.NEXT_TOKEN;
    private Sequence[] sequences = new Sequence[4];
    private Sampling[] samplings = new Sampling[4];
    private int[] starts = new int[5];
    private int[] ids = new int[64];
    private int numSeqs;

    /** Empties it for another step. */
    public Step start(Phase nextPhase, DecoderOutputs nextOutputs) {
        phase = nextPhase;
        outputs = nextOutputs;
        numSeqs = 0;
        return this;
    }

    /**
     * Adds new tokens of a sequence.
     *
     * @param sequence not in this step yet
     * @param tokenIds where the new tokens are
     * @param from the first of them
     * @param count how many, 0 or more, and exactly 1 in decode
     * @param sampling how the token after them is drawn
     */
    public Step add(Sequence sequence, int[] tokenIds, int from, int count, Sampling sampling) {
        if (phase == Phase.DECODE && count != 1) {
            throw new IllegalArgumentException("decode takes 1 token per sequence, not " + count);
        }
        if (numSeqs == sequences.length) {
            sequences = Arrays.copyOf(sequences, 2 * numSeqs);
            samplings = Arrays.copyOf(samplings, 2 * numSeqs);
            starts = Arrays.copyOf(starts, 2 * numSeqs + 1);
        }
        int start = numTokens();
        if (start + count > ids.length) {
            ids = Arrays.copyOf(ids, Math.max(start + count, 2 * ids.length));
        }
        System.arraycopy(tokenIds, from, ids, start, count);
        sequences[numSeqs] = sequence;
        samplings[numSeqs] = sampling;
        starts[++numSeqs] = start + count;
        return this;
    }

    /** Prefill or decode. */
    public Phase phase() {
        return phase;
    }

    /** What comes back. */
    public DecoderOutputs outputs() {
        return outputs;
    }

    /** Sequences in it. */
    public int numSeqs() {
        return numSeqs;
    }

    /** New tokens, all sequences together. */
    public int numTokens() {
        return starts[numSeqs];
    }

    /** First row of a sequence's tokens; that of {@code numSeqs} is the token count. */
    int start(int seq) {
        return starts[seq];
    }

    int count(int seq) {
        return starts[seq + 1] - starts[seq];
    }

    int id(int row) {
        return ids[row];
    }

    Sequence sequence(int seq) {
        return sequences[seq];
    }

    Sampling sampling(int seq) {
        return samplings[seq];
    }

    /** Tokens cached before the step. */
    long past(int seq) {
        return sequences[seq].length();
    }
}
