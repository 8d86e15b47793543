package dev.filigree.conformance.rates;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendException;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.UnsupportedPlanException;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.tensor.OutOfMemoryException;
import dev.filigree.conformance.run.KitOptions;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Rates at the sizes of a model of 8 billion parameters: 32 query heads of 128 channels, one sequence, bf16. Sizes are divided by
 * {@code shrink}, so that a machine without an accelerator can show that the table works.
 */
public final class RateTable {
    private static final int[] PREFILL = {4096, 8192, 16384, 32768, 65536};
    private static final double[] DENSITIES = {0.05, 0.1, 0.2};
    private static final int[] CONTEXTS = {8192, 32768, 131072};
    private static final int[][] LINEARS = {{4096, 4096, 4096}, {4096, 4096, 14336}, {1, 4096, 4096}, {1, 4096, 14336}};
    private static final int BUDGET = 4096;

    /** So many layers of the longest context hold 22 GiB of pages, more than one allocation of most drivers. */
    private static final int LAYERS = 44;

    private final PrintStream out;
    private final int shrink;
    private final List<String> only;
    private final AttentionRates attention;
    private final LinearRates linears;

    private RateTable(Backend backend, KitOptions options, PrintStream out) {
        this.out = out;
        this.shrink = options.shrink();
        this.only = List.of(options.only().orElse("").replace(" ", "").split(",", -1));
        TimedPlan timed = new TimedPlan(backend);
        attention = new AttentionRates(timed);
        linears = new LinearRates(timed);
    }

    /** Prints the rates of a backend that {@code options} ask for; what it does not serve is a line that says why. */
    public static void print(BackendProvider provider, KitOptions options, PrintStream out) {
        try (Backend backend = provider.open(options.backend())) {
            out.printf(
                    "rates of %s %s on %s%n", provider.name(), options.backend().values(), backend.device());
            out.println("| what | result |\n|---|---|");
            new RateTable(backend, options, out).all();
        }
    }

    private void all() {
        for (int numTokens : PREFILL) {
            int n = Math.max(128, numTokens / shrink);
            line("dense prefill " + n, () -> tera(attention.dense(n)));
        }
        int n = Math.max(256, 32768 / shrink);
        for (double density : DENSITIES) {
            line("block-sparse prefill " + n + " at " + density, () -> tera(attention.sparse(n, density)));
        }
        for (KvPrecision precision : AttentionRates.precisions()) {
            for (int tokens : CONTEXTS) {
                int context = Math.max(128, tokens / shrink);
                line("decode " + precision + " " + context, () -> micros(attention.decode(context, precision, 0, 1)));
                int chosen = AttentionRates.pagesOf(Math.max(64, BUDGET / shrink));
                line(
                        "decode " + precision + " " + context + ", " + chosen + " chosen pages",
                        () -> micros(attention.decode(context, precision, chosen, 1)));
            }
        }
        int longest = Math.max(128, CONTEXTS[CONTEXTS.length - 1] / shrink);
        line(
                "decode " + KvPrecision.F16 + " " + longest + ", " + LAYERS + " layers",
                () -> micros(attention.decode(longest, KvPrecision.F16, 0, LAYERS)));
        for (int[] shape : LINEARS) {
            int m = Math.max(1, shape[0] / shrink);
            int k = Math.max(64, shape[1] / shrink);
            int o = Math.max(64, shape[2] / shrink);
            String name = " linear " + m + " x " + k + " x " + o;
            line("bf16" + name, () -> product(linears.bf16(m, k, o), m, k, o, 16));
            line("w4a16" + name, () -> product(linears.w4a16(m, k, o), m, k, o, 4.25));
            line("w8a8" + name, () -> product(linears.w8a8(m, k, o), m, k, o, 8));
        }
    }

    private void line(String what, Supplier<String> result) {
        String name = what.replace(" ", "");
        if (only.stream().noneMatch(name::contains)) {
            return;
        }
        String text;
        try {
            text = result.get();
        } catch (OutOfMemoryException | UnsupportedPlanException e) {
            text = String.valueOf(e.getMessage()).replace('\n', ' ');
        } catch (BackendException e) {
            text = "failed: " + String.valueOf(e.getMessage()).replace('\n', ' ');
        }
        out.println("| " + what + " | " + text + " |");
        out.flush();
    }

    private static String tera(double rate) {
        return String.format(Locale.ROOT, "%.4g TFLOP/s", rate);
    }

    private static String micros(double[] timeAndRate) {
        return String.format(Locale.ROOT, "%.1f us, %.1f GB/s", timeAndRate[0], timeAndRate[1]);
    }

    private static String product(double seconds, int m, int k, int o, double bits) {
        return String.format(
                Locale.ROOT,
                "%.1f us, %.4g TFLOP/s, %.1f GB/s of weights",
                seconds * 1e6,
                2.0 * m * k * o / seconds / 1e12,
                bits / 8 * k * o / seconds / 1e9);
    }
}
