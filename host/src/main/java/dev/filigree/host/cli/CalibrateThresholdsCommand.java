package dev.filigree.host.cli;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.op.AntidiagonalScore.Residues;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.select.Selection;
import dev.filigree.host.calibrate.data.CalibrationData;
import dev.filigree.host.calibrate.decoder.ArraysReader;
import dev.filigree.host.calibrate.decoder.BackendKernels;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.thresholds.SparseKernels;
import dev.filigree.host.calibrate.thresholds.StepLog;
import dev.filigree.host.calibrate.thresholds.ThresholdCalibration;
import dev.filigree.host.calibrate.thresholds.XAttentionShape;
import dev.filigree.policies.table.HeadTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Finds how much of the estimated mass each head has to take. */
@Command(
        name = "thresholds",
        description = {
            "Find minimum thresholds per layer and query head and write the table that the xattention policy reads.",
            "profile compares the estimate with exact attention; search is the paper's dynamic program on output error."
        },
        footer = {
            "",
            "Examples:",
            "  filigree calibrate thresholds examples/models/needle-16k --stride 8 -o thresholds.tsv",
            "  filigree calibrate thresholds MODEL --method search --steps 8 --samples 2 -o thresholds.tsv"
        })
final class CalibrateThresholdsCommand extends Common {
    @Parameters(index = "0", paramLabel = "CHECKPOINT", description = "Folder of the checkpoint.")
    Path checkpoint = Path.of("");

    @Option(
            names = "--method",
            paramLabel = "NAME",
            defaultValue = "profile",
            description = "profile or search (default: ${DEFAULT-VALUE}).")
    String method = "profile";

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "The table.")
    @Nullable
    Path output;

    @Option(
            names = "--stride",
            paramLabel = "N",
            defaultValue = "8",
            description = "Tokens per stripe of the estimate (default: ${DEFAULT-VALUE}).")
    int stride;

    @Option(
            names = "--block-size",
            paramLabel = "N",
            defaultValue = "128",
            description = "Tokens per block (default: ${DEFAULT-VALUE}).")
    int blockSize;

    @Option(
            names = "--residues",
            paramLabel = "NAME",
            defaultValue = "antidiagonal",
            description = "antidiagonal or alternating (default: ${DEFAULT-VALUE}).")
    String residues = "antidiagonal";

    @Option(
            names = "--start",
            paramLabel = "T",
            defaultValue = "0.9",
            description = "Where search starts (default: ${DEFAULT-VALUE}).")
    float start;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "16",
            description = "Steps down that search may take, all heads together (default: ${DEFAULT-VALUE}).")
    int steps;

    @Option(
            names = "--max-error",
            paramLabel = "E",
            defaultValue = "0.01",
            description = "Relative squared output error that search accepts (default: ${DEFAULT-VALUE}).")
    double maxError;

    @Option(names = "--state", paramLabel = "FILE", description = "Where steps are kept, to go on from there.")
    @Nullable
    Path state;

    @Mixin
    CalibrationOptions options = new CalibrationOptions();

    @Override
    public Integer call() throws IOException {
        if (!List.of("profile", "search").contains(method)) {
            throw wrong("--method must be profile or search, not " + method);
        }
        XAttentionShape shape = new XAttentionShape(blockSize, stride, pairing());
        CalibrationData data = options.data(checkpoint);
        DecoderArrays model = ArraysReader.read(checkpoint, data.maxTokens());
        List<Plan> plans =
                new ArrayList<>(BackendKernels.samplePlans(model, new HeadPattern.Streaming(0, 1), data.maxTokens()));
        plans.add(SparseKernels.plan(model, shape, data.maxTokens()));
        Selection selection = BackendSelector.installed().select(options.request(), plans);
        StepLog log = StepLog.open(Optional.ofNullable(state), identity(data));
        if (log.known() > 0) {
            err().println("going on after " + log.known() + " steps of " + state);
        }
        HeadTable table;
        try (Backend backend = selection.backend();
                BackendKernels kernels = new BackendKernels(model, backend, data.maxTokens());
                SparseKernels sparse = new SparseKernels(model, shape, backend, data.maxTokens())) {
            err().println(selection.reason());
            ThresholdCalibration calibration =
                    new ThresholdCalibration(model, kernels, sparse, shape, data, options.samples, log, err()::println);
            table = method.equals("profile") ? calibration.profile() : calibration.search(start, steps, maxError);
        }
        show(table);
        if (output != null) {
            table.write(
                    output,
                    List.of(
                            "filigree thresholds 1",
                            "method=" + method + " stride=" + stride + " blockSize=" + blockSize + " residues="
                                    + residues));
        }
        report(new JsonReport()
                .put("checkpoint", checkpoint.toString())
                .put("method", method)
                .put("stride", stride)
                .put("blockSize", blockSize)
                .put("data", data.describe())
                .put("thresholds", table.rows()));
        return Errors.OK;
    }

    /** Everything that decides about the steps; how many of them there are does not. */
    private String identity(CalibrationData data) {
        return "method=" + method + " checkpoint=" + checkpoint + " stride=" + stride + " blockSize=" + blockSize
                + " residues=" + residues + " data=" + data.describe() + " seed=" + options.seed
                + (method.equals("search")
                        ? " samples=" + options.samples + " start=" + start + " steps=" + steps
                        : "");
    }

    private Residues pairing() {
        return switch (residues) {
            case "antidiagonal" -> Residues.ANTIDIAGONAL;
            case "alternating" -> Residues.ALTERNATING;
            default -> throw wrong("--residues must be antidiagonal or alternating, not " + residues);
        };
    }

    private void show(HeadTable table) {
        double sum = 0;
        for (int l = 0; l < table.numLayers(); l++) {
            StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "layer %3d ", l));
            for (float threshold : table.rows().get(l)) {
                line.append(String.format(Locale.ROOT, " %.3f", threshold));
                sum += threshold;
            }
            out().println(line);
        }
        out().println(String.format(Locale.ROOT, "mean %.3f", sum / table.numLayers() / table.numHeads()));
        out().flush();
    }
}
