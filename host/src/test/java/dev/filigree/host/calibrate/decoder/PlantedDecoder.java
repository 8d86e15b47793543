package dev.filigree.host.calibrate.decoder;

import dev.filigree.api.attention.ModelGeometry;
import java.util.List;
import java.util.Random;

/**
 * A decoder made by hand: KV head 1 of layer 1 looks for the one needle token wherever it stands and copies it to where a
 * question token is; every other head looks at its own token. Tokens 0 to 9 are filler, 10 to 13 needles, 14 the question.
 */
public final class PlantedDecoder {
    /** The token that asks. */
    public static final int QUESTION = 14;

    private static final int HIDDEN = 24;
    private static final int HEAD_DIM = 8;
    private static final int NUM_QO_HEADS = 4;
    private static final int NUM_KV_HEADS = 2;
    private static final int CONSTANT = 20;
    private static final int NEEDLES = 10;
    private static final int NUM_NEEDLES = 4;
    private static final int ANSWERS = 16;

    private PlantedDecoder() {}

    /** The decoder. */
    public static DecoderArrays make() {
        float[] embedding = new float[(QUESTION + 1) * HIDDEN];
        for (int token = 0; token <= QUESTION; token++) {
            embedding[token * HIDDEN + token] = 1;
            embedding[token * HIDDEN + CONSTANT] = 1;
        }
        // Three irregular frequencies make "my own position" unmistakable; the fourth pair does not turn at all.
        RotaryRule rotary = new RotaryRule(new float[] {1f, 0.37f, 0.11f, 0f}, 1);
        return new DecoderArrays(
                ModelGeometry.of(2, NUM_QO_HEADS, NUM_KV_HEADS, HEAD_DIM),
                HIDDEN,
                1e-5,
                rotary,
                embedding,
                List.of(layer(false), layer(true)),
                ones());
    }

    /** Filler with one needle early on and a question at the end. */
    public static int[] tokens(long seed, int numTokens) {
        Random random = new Random(seed);
        int[] tokens = random.ints(numTokens, 0, NEEDLES).toArray();
        tokens[10 + random.nextInt(numTokens / 2)] = NEEDLES + random.nextInt(NUM_NEEDLES);
        tokens[numTokens - 1] = QUESTION;
        return tokens;
    }

    private static LayerArrays layer(boolean planted) {
        float[] q = new float[NUM_QO_HEADS * HEAD_DIM * HIDDEN];
        float[] k = new float[NUM_KV_HEADS * HEAD_DIM * HIDDEN];
        float[] v = new float[NUM_KV_HEADS * HEAD_DIM * HIDDEN];
        float[] o = new float[HIDDEN * NUM_QO_HEADS * HEAD_DIM];
        for (int head = 0; head < NUM_QO_HEADS; head++) {
            if (planted && head / 2 == 1) {
                q[(head * HEAD_DIM + 3) * HIDDEN + QUESTION] = 5;
            } else {
                local(q, head);
            }
        }
        local(k, 0);
        if (planted) {
            plant(k, v, o);
        } else {
            local(k, 1);
        }
        for (int head = 0; head < (planted ? 1 : 2); head++) {
            for (int c = 0; c < HEAD_DIM; c++) {
                v[(head * HEAD_DIM + c) * HIDDEN + c] = 0.2f;
                o[c * NUM_QO_HEADS * HEAD_DIM + head * 2 * HEAD_DIM + c] = 0.2f;
            }
        }
        Matrix none = new Matrix(8, HIDDEN, new float[8 * HIDDEN], new float[0]);
        return new LayerArrays(
                ones(),
                matrix(NUM_QO_HEADS * HEAD_DIM, HIDDEN, q),
                matrix(NUM_KV_HEADS * HEAD_DIM, HIDDEN, k),
                matrix(NUM_KV_HEADS * HEAD_DIM, HIDDEN, v),
                new float[0],
                new float[0],
                matrix(HIDDEN, NUM_QO_HEADS * HEAD_DIM, o),
                ones(),
                none,
                none,
                new Matrix(HIDDEN, 8, new float[8 * HIDDEN], new float[0]));
    }

    /** The same vector for every token: rotated, it is closest to itself at distance 0. */
    private static void local(float[] weight, int head) {
        for (int pair = 0; pair < 3; pair++) {
            weight[(head * HEAD_DIM + pair) * HIDDEN + CONSTANT] = 2;
        }
    }

    private static void plant(float[] k, float[] v, float[] o) {
        for (int needle = 0; needle < NUM_NEEDLES; needle++) {
            k[(HEAD_DIM + 3) * HIDDEN + NEEDLES + needle] = 3;
            v[(HEAD_DIM + needle) * HIDDEN + NEEDLES + needle] = 1;
            for (int head = 2; head < NUM_QO_HEADS; head++) {
                // Not so large that the final norm hides how much of it there is.
                o[(ANSWERS + needle) * NUM_QO_HEADS * HEAD_DIM + head * HEAD_DIM + needle] = 0.2f;
            }
        }
    }

    private static Matrix matrix(int out, int in, float[] values) {
        return new Matrix(out, in, values, new float[0]);
    }

    private static float[] ones() {
        float[] ones = new float[HIDDEN];
        java.util.Arrays.fill(ones, 1);
        return ones;
    }
}
