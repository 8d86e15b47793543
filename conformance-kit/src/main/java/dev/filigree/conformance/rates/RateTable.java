package dev.filigree.conformance.rates;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendException;
import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.UnsupportedPlanException;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.tensor.OutOfMemoryException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Times of the ops that a run spends its time in, at the sizes of a model of 8 billion parameters: 32 query heads on 8 KV heads of
 * 128 channels, bf16. Sizes are divided by {@code shrink}, so that a machine without an accelerator can show that the table works.
 * The names in the first column are those that {@code peers.py} of the CUDA backend prints for what it measures of others.
 */
public final class RateTable {
    private static final int[] PREFILL = {4096, 8192, 16384, 32768, 65536, 131072};
    private static final int[] SPARSE = {32768, 131072};
    private static final double[] DENSITIES = {0.2, 0.1, 0.05};
    private static final int[] STRIDES = {16, 8};
    private static final double THRESHOLD = 0.05;
    private static final int[][] DECODE = {{1, 8192}, {1, 32768}, {1, 131072}, {8, 8192}, {8, 32768}, {8, 131072}};
    private static final List<KvPrecision> PRECISIONS =
            List.of(KvPrecision.BF16, KvPrecision.F16, KvPrecision.INT8, KvPrecision.INT4);
    private static final int BUDGET = 4096;
    private static final int[][] LINEARS = {
        {4096, 3072, 12288}, {4096, 12288, 3072}, {4096, 4096, 4096}, {4096, 4096, 14336},
        {1, 4096, 4096}, {1, 4096, 14336}, {16, 4096, 4096}, {16, 4096, 14336}
    };
    private static final long BEYOND_CACHE = 256L << 20;

    /** So many layers of the longest context hold 22 GiB of 16-bit pages, more than one allocation of most drivers. */
    private static final int LAYERS = 44;

    private final PrintStream out;
    private final int shrink;
    private final List<String> only;
    private final PrefillRates prefill;
    private final DecodeRates decode;
    private final LinearRates linears;

    private RateTable(Backend backend, int shrink, String only, PrintStream out) {
        this.out = out;
        this.shrink = shrink;
        this.only = List.of(only.replace(" ", "").split(",", -1));
        TimedPlan timed = new TimedPlan(backend);
        prefill = new PrefillRates(timed);
        decode = new DecodeRates(timed, BEYOND_CACHE / shrink);
        linears = new LinearRates(timed, BEYOND_CACHE / shrink);
    }

    /**
     * Prints the rates of a backend; what it does not serve is a line that says why.
     *
     * @param shrink divides the sizes
     * @param only leaves out lines whose name contains none of these, separated by commas, spaces aside; lines that hold
     *     {@value #LAYERS} layers are timed only if one of these is {@code layers}
     */
    public static void print(
            BackendProvider provider, BackendOptions options, int shrink, String only, PrintStream out) {
        try (Backend backend = provider.open(options)) {
            out.printf("rates of %s %s on %s%n", provider.name(), options.values(), backend.device());
            out.println("| what | us | share read | rate |\n|---|---|---|---|");
            RateTable table = new RateTable(backend, shrink, only, out);
            table.prefill();
            table.decode();
            table.deep();
            table.linears();
        }
    }

    private void prefill() {
        for (int tokens : PREFILL) {
            int n = size(tokens, 128);
            line("prefill dense " + n, () -> prefill.dense(n));
        }
        for (int tokens : SPARSE) {
            int n = size(tokens, 256);
            for (double density : DENSITIES) {
                line("prefill sparse " + density + " " + n, () -> prefill.sparse(n, density));
            }
            for (int stride : STRIDES) {
                line("prefill estimate S=" + stride + " " + n, () -> prefill.estimated(n, stride, THRESHOLD, false));
                line("prefill xattention S=" + stride + " " + n, () -> prefill.estimated(n, stride, THRESHOLD, true));
            }
        }
    }

    private void decode() {
        for (int[] shape : DECODE) {
            int batch = shape[0];
            int context = size(shape[1], 128);
            String name = " " + batch + " x " + context;
            for (KvPrecision precision : PRECISIONS) {
                line("decode dense " + precision + name, () -> decode.dense(batch, context, precision));
            }
            int budget = size(BUDGET, 256);
            for (KvPrecision precision : List.of(KvPrecision.INT8, KvPrecision.INT4)) {
                line(
                        "decode lserve chosen " + precision + name,
                        () -> decode.lserve(new LServeStep(batch, context, budget, precision, true)));
                line(
                        "decode lserve reused " + precision + name,
                        () -> decode.lserve(new LServeStep(batch, context, budget, precision, false)));
            }
        }
    }

    private void deep() {
        if (only.stream().noneMatch("layers"::equals)) {
            return;
        }
        int context = size(DECODE[DECODE.length - 1][1], 128);
        line(
                "decode dense f16 1 x " + context + ", " + LAYERS + " layers",
                () -> decode.deep(LAYERS, context, KvPrecision.F16));
    }

    private void linears() {
        for (int[] shape : LINEARS) {
            int m = shape[0] <= 16 ? shape[0] : size(shape[0], 32);
            int k = size(shape[1], 64);
            int n = size(shape[2], 64);
            for (LinearRates.Storage storage : LinearRates.Storage.values()) {
                String name = storage.name().toLowerCase(Locale.ROOT).replace('_', ' ');
                line("linear " + name + " " + m + " x " + k + " x " + n, () -> linears.of(storage, m, k, n));
            }
        }
    }

    private int size(int whole, int least) {
        return Math.max(least, whole / shrink);
    }

    private void line(String what, Supplier<Rate> rate) {
        String name = what.replace(" ", "");
        if (only.stream().noneMatch(name::contains)) {
            return;
        }
        String cells;
        try {
            cells = rate.get().cells();
        } catch (OutOfMemoryException | UnsupportedPlanException e) {
            cells = "- | - | " + sentence(e);
        } catch (BackendException e) {
            cells = "- | - | failed: " + sentence(e);
        }
        out.println("| " + what + " | " + cells + " |");
        out.flush();
    }

    private static String sentence(RuntimeException e) {
        return String.valueOf(e.getMessage()).replace('\n', ' ');
    }
}
