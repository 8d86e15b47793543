package dev.filigree.host.cli;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.select.Selection;
import dev.filigree.host.calibrate.data.CalibrationData;
import dev.filigree.host.calibrate.decoder.ArraysReader;
import dev.filigree.host.calibrate.decoder.BackendKernels;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.keys.KeyRanges;
import dev.filigree.host.calibrate.keys.ScoreError;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.keys.FoldedCheckpoint;
import dev.filigree.host.keys.KeyFold;
import dev.filigree.host.keys.KeySmoothing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Finds factors that make keys easy to store in few bits. */
@Command(
        name = "keys",
        description = {
            "Find the factors that move outliers of keys to queries, for caches with 4-bit keys.",
            "The table shows how far scores move over 4-bit keys, plain and smoothed, on a text that decided nothing."
        },
        footer = {
            "",
            "Examples:",
            "  filigree calibrate keys examples/models/needle-16k -o keys.json",
            "  filigree calibrate keys MODEL --alpha 0.5 --fold MODEL-smoothed"
        })
final class CalibrateKeysCommand extends Common {
    @Parameters(index = "0", paramLabel = "CHECKPOINT", description = "Folder of the checkpoint, at 16 or 32 bits.")
    Path checkpoint = Path.of("");

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Factors, which model.keySmoothing of a config names.")
    @Nullable
    Path output;

    @Option(
            names = "--fold",
            paramLabel = "DIR",
            description = "Write a checkpoint that has the factors in its weights.")
    @Nullable
    Path fold;

    @Option(
            names = "--alpha",
            paramLabel = "A",
            defaultValue = "0.5",
            description = "Exponent of the factors, 0 to 1 (default: ${DEFAULT-VALUE}).")
    double alpha;

    @Option(
            names = "--any-factor",
            description = "Do not round factors to powers of two, which 16-bit weights take without rounding.")
    boolean anyFactor;

    @Mixin
    CalibrationOptions options = new CalibrationOptions();

    @Override
    public Integer call() throws IOException {
        if (!(alpha >= 0 && alpha <= 1)) {
            throw wrong("--alpha must be 0 to 1, not " + alpha);
        }
        CalibrationData data = options.data(checkpoint);
        DecoderArrays model = ArraysReader.read(checkpoint, data.maxTokens());
        Selection selection = BackendSelector.installed()
                .select(
                        options.request(),
                        BackendKernels.samplePlans(model, new HeadPattern.Streaming(0, 1), data.maxTokens()));
        KeySmoothing smoothing;
        double[] plain;
        double[] smoothed;
        try (Backend backend = selection.backend();
                BackendKernels kernels = new BackendKernels(model, backend, data.maxTokens())) {
            err().println(selection.reason());
            KeyRanges ranges = new KeyRanges(model, kernels);
            for (int i = 0; i < options.samples; i++) {
                ranges.add(data.sample(i));
            }
            smoothing = ranges.smoothing(alpha, !anyFactor);
            plain = new ScoreError(model, Optional.empty()).of(data.sample(options.samples), kernels);
            smoothed = new ScoreError(model, Optional.of(smoothing)).of(data.sample(options.samples), kernels);
        }
        write(smoothing);
        print(plain, smoothed);
        report(new JsonReport()
                .put("checkpoint", checkpoint.toString())
                .put("backend", selection.reason())
                .put("data", data.describe())
                .put("alpha", alpha)
                .put("plain", plain)
                .put("smoothed", smoothed));
        return Errors.OK;
    }

    private void write(KeySmoothing smoothing) {
        if (output != null) {
            smoothing.write(output);
        }
        if (fold != null) {
            try (Checkpoint source = Checkpoint.open(checkpoint)) {
                KeyFold keys = KeyFold.of(source, smoothing);
                FoldedCheckpoint.write(source, keys, fold);
            }
        }
    }

    private void print(double[] plain, double[] smoothed) {
        TextTable table = new TextTable().row("layer", "score error, int4", "smoothed");
        for (int layer = 0; layer < plain.length; layer++) {
            table.row(Integer.toString(layer), percent(plain[layer]), percent(smoothed[layer]));
        }
        out().print(table);
        out().flush();
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * share);
    }
}
