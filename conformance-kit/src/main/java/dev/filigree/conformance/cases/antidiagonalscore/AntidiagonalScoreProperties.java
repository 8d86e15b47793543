package dev.filigree.conformance.cases.antidiagonalscore;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.AntidiagonalScore.Residues;
import dev.filigree.api.tensor.DType;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.antidiagonalscore.AntidiagonalScoreCases.Form;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.AttentionShape;
import dev.filigree.conformance.compare.Tolerances;
import java.util.Arrays;

/** What estimated mass must be whatever the reference says: worked examples, exact softmax, lines and slashes. */
final class AntidiagonalScoreProperties {
    private static final float[] GOLDEN_Q = {1, 0, 2, 1, 0, 1, 1, 2};
    private static final float[] GOLDEN_K = {1, 2, 0, 1, 1, 0, 2, 1};
    private static final int DIM = 128;

    private AntidiagonalScoreProperties() {}

    /** One sequence and head whose q and k hold the values in their first channel; scores are plain products. */
    private static AttentionData firstChannel(float[] q, float[] k, DType dtype) {
        AttentionShape shape =
                AttentionShape.of(q.length, k.length).heads(1, 1).dims(16, 16).dtype(dtype);
        float[] wideQ = new float[16 * q.length];
        float[] wideK = new float[16 * k.length];
        for (int i = 0; i < q.length; i++) {
            wideQ[16 * i] = 4 * q[i];
        }
        for (int j = 0; j < k.length; j++) {
            wideK[16 * j] = k[j];
        }
        return new AttentionData(
                shape, new float[][] {wideQ}, new float[][] {wideK}, new float[][] {new float[16 * k.length]});
    }

    private static float[] mass(CaseContext c, AttentionData data, Form form) {
        return c.run(AntidiagonalScoreCases.problem(data, form)).values("blockMass");
    }

    /** The masses of two blocks of four tokens at stride 2, worked out by hand. */
    static void golden(CaseContext c) {
        AttentionData data = firstChannel(GOLDEN_Q, GOLDEN_K, DType.F32);
        float[] causal = mass(c, data, new Form(4, 2, Residues.ANTIDIAGONAL, Masking.CAUSAL));
        c.close("causal", new float[] {2, 0, 0, .993889f, 1.006111f, 0}, causal, Tolerances.score());
        float[] both = mass(c, data, new Form(4, 2, Residues.ANTIDIAGONAL, Masking.BIDIRECTIONAL));
        c.close(
                "bidirectional",
                new float[] {1.244919f, .755081f, 0, .755081f, 1.244919f, 0},
                both,
                Tolerances.score());
    }

    /** At stride 1 the estimate is the softmax itself. */
    static void exact(CaseContext c) {
        int n = 77;
        int block = 16;
        AttentionShape shape = AttentionShape.of(n, n).heads(1, 1);
        AttentionData data = AttentionData.random(c.generator(), shape);
        float[] found = mass(c, data, new Form(block, 1, Residues.ANTIDIAGONAL, Masking.CAUSAL));
        int width = found.length / Math.ceilDiv(n, block);
        double[] expected = new double[found.length];
        for (int i = 0; i < n; i++) {
            double[] p = softmaxRow(data, i);
            for (int j = 0; j <= i; j++) {
                expected[i / block * width + j / block] += p[j];
            }
        }
        float[] rounded = new float[expected.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = (float) expected[i];
        }
        c.close("exact mass", rounded, found, Tolerances.score());
    }

    private static double[] softmaxRow(AttentionData data, int row) {
        int d = data.shape().headDimQk();
        double[] p = new double[row + 1];
        double largest = Double.NEGATIVE_INFINITY;
        for (int j = 0; j <= row; j++) {
            for (int x = 0; x < d; x++) {
                p[j] += (double) data.q(0)[row * d + x] * data.k(0)[j * d + x];
            }
            p[j] *= data.shape().scale();
            largest = Math.max(largest, p[j]);
        }
        double total = 0;
        for (int j = 0; j <= row; j++) {
            p[j] = Math.exp(p[j] - largest);
            total += p[j];
        }
        for (int j = 0; j <= row; j++) {
            p[j] /= total;
        }
        return p;
    }

    /** Queries of zero spread each stripe evenly over the stripes before it and itself. */
    static void uniform(CaseContext c, Form form) {
        int perBlock = form.blockSize() / form.stride();
        int blocks = 3;
        int n = blocks * form.blockSize();
        float[] found = mass(c, firstChannel(new float[n], filled(n, 3), DType.F32), form);
        float[] expected = new float[found.length];
        int width = found.length / blocks;
        for (int i = 0; i < blocks * perBlock; i++) {
            for (int j = 0; j <= i; j++) {
                expected[i / perBlock * width + j / perBlock] += 1f / (i + 1);
            }
        }
        c.close("even masses", expected, found, Tolerances.score());
    }

    /** The same vector added to every key changes no probability: 2 is exact in every dtype. */
    static void shifted(CaseContext c, Form form) {
        AttentionData data = firstChannel(ramp(96, 5), ramp(96, 7), DType.F32);
        float[] moved = ramp(96, 7);
        for (int j = 0; j < moved.length; j++) {
            moved[j] += 2;
        }
        AttentionData other = firstChannel(ramp(96, 5), moved, DType.F32);
        // A full stripe sums all of its queries in every pair; a tail would not.
        c.close("shifted keys", mass(c, data, form), mass(c, other, form), Tolerances.score());
    }

    /** One hot key draws every later row to its block. */
    static void verticalLine(CaseContext c, Form form) {
        int n = 6 * form.blockSize();
        int hot = form.blockSize() + form.blockSize() / 2 + 1;
        float[] k = new float[n];
        k[hot] = 40f * form.stride();
        float[] found = mass(c, firstChannel(filled(n, 1), k, DType.F32), form);
        int width = found.length / 6;
        for (int row = 2; row < 6; row++) {
            double share = found[row * width + 1] / (form.blockSize() / (double) form.stride());
            int at = row;
            c.check(share > 0.99, () -> "row " + at + " gives the block of the hot key " + share + " of its mass");
        }
    }

    /** A slash one token wide, two blocks back and one more token if it is odd. */
    static void slash(CaseContext c, Form form, int offset) {
        double share = slashShare(c, form, offset);
        c.check(share > 0.4, () -> "the blocks of a slash " + offset + " tokens back get " + share + " of the mass");
    }

    /** What the original leaves unseen: with an even stride no even slash is sampled, and its row looks even. */
    static void evenSlashUnseen(CaseContext c, Form form, int offset) {
        double share = slashShare(c, form, offset);
        c.check(share < 0.4, () -> "antidiagonals cannot see a slash " + offset + " tokens back, yet it gets " + share);
    }

    /** The smallest share of a row's mass, from block row 4 on, that lies in the blocks of the slash. */
    private static double slashShare(CaseContext c, Form form, int offset) {
        AttentionShape shape = AttentionShape.of(DIM, DIM).heads(1, 1).dims(DIM, DIM);
        float[] q = new float[DIM * DIM];
        float[] k = new float[DIM * DIM];
        for (int t = 0; t < DIM; t++) {
            k[t * DIM + t] = 1;
            if (t >= offset) {
                q[t * DIM + t - offset] = (float) (200 * Math.sqrt(DIM));
            }
        }
        AttentionData data =
                new AttentionData(shape, new float[][] {q}, new float[][] {k}, new float[][] {new float[DIM * DIM]});
        float[] found = mass(c, data, form);
        int rows = DIM / form.blockSize();
        int width = found.length / rows;
        double least = 1;
        for (int row = 4; row < rows; row++) {
            double sum = 0;
            int first = Math.floorDiv(row * form.blockSize() - offset, form.blockSize());
            int last = ((row + 1) * form.blockSize() - 1 - offset) / form.blockSize();
            for (int block = first; block <= last; block++) {
                sum += found[row * width + block];
            }
            least = Math.min(least, sum * form.stride() / form.blockSize());
        }
        return least;
    }

    /** Sums past the range of 16 bits stay finite: 16 products of 8000. */
    static void overflow(CaseContext c) {
        int n = 64;
        AttentionData data = firstChannel(filled(n, 500), filled(n, 16), DType.F16);
        float[] found = mass(c, data, new Form(32, 16, Residues.ANTIDIAGONAL, Masking.CAUSAL));
        for (float value : found) {
            c.check(Float.isFinite(value), () -> "mass " + value + " of products of 8000 each");
        }
    }

    /** Query heads with the same queries get the same bits, on whichever KV head with the same keys. */
    static void equalHeads(CaseContext c, Form form) {
        AttentionShape one = AttentionShape.of(70, 70).heads(1, 1);
        AttentionData data = AttentionData.random(c.generator(), one);
        AttentionShape four = one.heads(4, 2);
        AttentionData same = new AttentionData(
                four,
                new float[][] {repeated(data.q(0), 32, 4)},
                new float[][] {repeated(data.k(0), 32, 2)},
                new float[][] {repeated(data.v(0), 32, 2)});
        float[] found = mass(c, same, form);
        int width = found.length / Math.ceilDiv(70, form.blockSize()) / 4;
        for (int at = 0; at < found.length; at += 4 * width) {
            float[] first = Arrays.copyOfRange(found, at, at + width);
            for (int head = 1; head < 4; head++) {
                c.same("head " + head, first, Arrays.copyOfRange(found, at + head * width, at + (head + 1) * width));
            }
        }
    }

    private static float[] repeated(float[] rows, int width, int times) {
        float[] all = new float[rows.length * times];
        for (int row = 0; row < rows.length / width; row++) {
            for (int t = 0; t < times; t++) {
                System.arraycopy(rows, row * width, all, (row * times + t) * width, width);
            }
        }
        return all;
    }

    private static float[] filled(int n, float value) {
        float[] all = new float[n];
        Arrays.fill(all, value);
        return all;
    }

    private static float[] ramp(int n, int period) {
        float[] all = new float[n];
        for (int i = 0; i < n; i++) {
            all[i] = i % period / 4f;
        }
        return all;
    }
}
