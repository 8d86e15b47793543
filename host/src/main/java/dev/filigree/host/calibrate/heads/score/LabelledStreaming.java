package dev.filigree.host.calibrate.heads.score;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.decoder.DecoderKernels;
import dev.filigree.host.calibrate.decoder.LayerTrace;
import dev.filigree.host.calibrate.decoder.Rows;

/**
 * Streaming attention over the teacher's own queries, keys and values, from one position to the end.
 *
 * @param start first position
 * @param attn {@code [numTokens - start, numQoHeads, headDim]}
 * @param lse {@code [numTokens - start, numQoHeads]}
 */
@SuppressWarnings("ArrayRecordComponent") // Compared never.
record LabelledStreaming(int start, double[] attn, double[] lse) {

    static LabelledStreaming of(
            DecoderArrays model, DecoderKernels kernels, HeadPattern.Streaming pattern, LayerTrace trace, int start) {
        Rows all = trace.in();
        Rows rows = new Rows(0, start, all.end());
        // Keys between the sink and the first query's window are seen by none of these queries.
        Rows reach = rows.reach(pattern.sink(), pattern.recent());
        double[] lse = new double[rows.count() * model.geometry().numQoHeads()];
        double[] attn = kernels.streaming(
                pattern,
                all.pick(rows, trace.q(), model.qWidth()),
                rows.count(),
                start,
                all.pick(reach, trace.k(), model.kvWidth()),
                all.pick(reach, trace.v(), model.kvWidth()),
                reach.positions(),
                lse);
        return new LabelledStreaming(start, attn, lse);
    }
}
