package dev.filigree.host.cli;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.select.Selection;
import dev.filigree.host.calibrate.TextFile;
import dev.filigree.host.calibrate.data.CalibrationData;
import dev.filigree.host.calibrate.decoder.ArraysReader;
import dev.filigree.host.calibrate.decoder.BackendKernels;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.calibrate.heads.HeadCalibration;
import dev.filigree.host.calibrate.heads.HeadMethod;
import dev.filigree.host.calibrate.heads.HeadReport;
import dev.filigree.host.calibrate.heads.gradient.GateTraining;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Ranks the heads of a model by how much they need the whole past. */
@Command(
        name = "heads",
        description = {
            "Find retrieval heads and write the gates that the duoattention policy reads.",
            "gradient trains them; mass, deviation, knockout and rotation look at forward passes only.",
            "With several methods the first one's gates are written and the report shows all."
        },
        footer = {
            "",
            "Examples:",
            "  filigree calibrate heads examples/models/needle-16k -o gates.tsv --report gates.html",
            "  filigree calibrate heads MODEL --method mass,knockout --samples 10",
            "  filigree calibrate heads MODEL --haystack book.txt --max-tokens 32000 --samples 2000 --steps 2000"
        })
final class CalibrateHeadsCommand extends Common {
    @Parameters(index = "0", paramLabel = "CHECKPOINT", description = "Folder of the checkpoint.")
    Path checkpoint = Path.of("");

    @Option(
            names = "--method",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "gradient",
            description = "gradient, mass, deviation, knockout, rotation (default: ${DEFAULT-VALUE}).")
    List<String> methods = List.of();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Gates of the first method.")
    @Nullable
    Path output;

    @Option(
            names = "--published",
            paramLabel = "DIR",
            description = "The same gates in the form of the published patterns.")
    @Nullable
    Path published;

    @Option(names = "--report", paramLabel = "FILE", description = "A self-contained HTML page with drawings.")
    @Nullable
    Path page;

    @Option(
            names = "--state",
            paramLabel = "FILE",
            description = "Where training keeps its state; an interrupted run goes on from there.")
    @Nullable
    Path state;

    @Option(
            names = "--sink",
            paramLabel = "N",
            defaultValue = "64",
            description = "Leading tokens that streaming heads see (default: ${DEFAULT-VALUE}).")
    int sink;

    @Option(
            names = "--recent",
            paramLabel = "N",
            defaultValue = "256",
            description = "Recent tokens that streaming heads see (default: ${DEFAULT-VALUE}).")
    int recent;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "200",
            description = "Training steps (default: ${DEFAULT-VALUE}).")
    int steps;

    @Option(
            names = "--rate",
            paramLabel = "R",
            defaultValue = "0.02",
            description = "Highest learning rate (default: ${DEFAULT-VALUE}).")
    double rate;

    @Option(
            names = "--penalty",
            paramLabel = "P",
            defaultValue = "0.05",
            description = "Weight of the L1 term that pulls gates down (default: ${DEFAULT-VALUE}).")
    double penalty;

    @Mixin
    CalibrationOptions options = new CalibrationOptions();

    @Override
    public Integer call() throws IOException {
        List<HeadMethod> chosen = methods.stream().map(HeadMethod::of).toList();
        GateTraining.Settings settings = new GateTraining.Settings(
                new HeadPattern.Streaming(sink, recent), steps, rate, penalty, options.samples);
        CalibrationData data = options.data(checkpoint);
        DecoderArrays model = ArraysReader.read(checkpoint, data.maxTokens());
        Selection selection = BackendSelector.installed()
                .select(options.request(), BackendKernels.samplePlans(model, settings.pattern(), data.maxTokens()));
        List<HeadReport> reports = new ArrayList<>();
        try (Backend backend = selection.backend();
                BackendKernels kernels = new BackendKernels(model, backend, data.maxTokens())) {
            err().println(selection.reason());
            HeadCalibration calibration = new HeadCalibration(model, kernels, data, settings, err()::println);
            for (HeadMethod method : chosen) {
                HeadReport report = calibration.run(method, Optional.ofNullable(state));
                reports.add(report);
                out().println(report.text());
                out().flush();
            }
        }
        write(reports);
        report(new JsonReport()
                .put("checkpoint", checkpoint.toString())
                .put("backend", selection.reason())
                .put("reports", reports.stream().map(HeadReport::json).toList()));
        return Errors.OK;
    }

    private void write(List<HeadReport> reports) throws IOException {
        if (output != null) {
            reports.getFirst().gates().write(output);
        }
        if (published != null) {
            reports.getFirst().gates().writePublished(published);
        }
        if (page != null) {
            TextFile.replace(page, HeadReport.html(String.valueOf(checkpoint.getFileName()), reports));
        }
    }
}
