package dev.filigree.conformance.rates;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.PlanBuilder;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.DType;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** A plan of decode steps in the making, and the content of its integers. */
final class DecodeStep {
    final PlanBuilder builder = new PlanBuilder("rates.decode");
    final Map<TensorRef, int[]> words = new HashMap<>();
    final Dim seqs;
    final TensorRef q;
    final TensorRef offsets;
    final TensorRef lengths;
    final TensorRef slots;
    final TensorRef out;
    final TensorRef lse;

    DecodeStep(int batch, int context) {
        seqs = Dim.fixed("numSeqs", batch);
        Dim h = Dim.fixed("numQoHeads", PrefillRates.QO_HEADS);
        Dim d = Dim.fixed("headDim", PrefillRates.DIM);
        q = builder.declare("q", TensorRole.INPUT, DType.BF16, seqs, h, d);
        offsets = builder.declare("qOffsets", TensorRole.INPUT, DType.I32, Dim.fixed("numOffsets", batch + 1));
        lengths = builder.declare("kvLengths", TensorRole.INPUT, DType.I32, seqs);
        slots = builder.declare("slots", TensorRole.INPUT, DType.I32, seqs);
        out = builder.declare("out", TensorRole.OUTPUT, DType.BF16, seqs, h, d);
        lse = builder.declare("lse", TensorRole.OUTPUT, DType.F32, seqs, h);
        words.put(offsets, IntStream.rangeClosed(0, batch).toArray());
        words.put(lengths, IntStream.range(0, batch).map(i -> context).toArray());
        words.put(slots, IntStream.range(0, batch).toArray());
    }

    /** Pages of a class of heads, whose bytes are finite numbers in every storage; page ids are scattered over the pool. */
    KvPages pages(String name, KvPageLayout layout, KvAddressing addressing, int context) {
        int batch = Math.toIntExact(seqs.size());
        int columns = Math.toIntExact(addressing.columns(context, DecodeRates.PAGE));
        int numPages = batch * columns;
        TensorRef pages = builder.declare(
                name,
                TensorRole.STATE,
                DType.U8,
                Dim.fixed(name + ".pages", numPages),
                Dim.fixed(name + ".bytes", layout.pageBytes()));
        TensorRef table = builder.declare(
                name + ".table", TensorRole.INPUT, DType.I32, seqs, Dim.fixed(name + ".columns", columns));
        int stride = coprime(numPages);
        words.put(
                table,
                IntStream.range(0, numPages)
                        .map(i -> (int) ((long) i * stride % numPages))
                        .toArray());
        return new KvPages(layout, addressing, pages, table);
    }

    void attend(HeadMap heads, HeadPattern pattern, KvPages kv, Optional<PageChoice> choice) {
        builder.add(new PagedAttention(heads, pattern, PrefillRates.SCALE, kv, q, offsets, lengths, choice, out, lse));
    }

    private static int coprime(int n) {
        int stride = 7919 % Math.max(1, n);
        while (gcd(Math.max(1, stride), n) != 1) {
            stride++;
        }
        return Math.max(1, stride);
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }
}
