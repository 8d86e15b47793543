package dev.filigree.host.cli;

import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.SideFiles;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.diffusion.DitConfigReader;
import dev.filigree.host.quantize.FinishedGroups;
import dev.filigree.host.quantize.GroupReport;
import dev.filigree.host.quantize.QuantizeJob;
import dev.filigree.host.quantize.QuantizeRecipe;
import dev.filigree.host.quantize.QuantizeReport;
import dev.filigree.host.quantize.QuantizedFile;
import dev.filigree.host.quantize.Scheme;
import dev.filigree.host.quantize.nunchaku.NunchakuFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Stores the linear layers of a decoder or of a diffusion transformer at low bit width. */
@Command(
        name = "quantize",
        description = {
            "Store the linear layers of a model at 4 or 8 bits, smoothed and beside a low-rank branch.",
            "Equal options give equal files. The result is a checkpoint folder of its own. A call that was interrupted goes on",
            "with the group it was at when it is given again."
        },
        footer = {
            "",
            "Examples:",
            "  filigree quantize examples/models/needle-16k -o needle-w4a4",
            "  filigree quantize examples/models/shapes-64 --captions examples/eval/shapes-captions.txt -o shapes-w4a4",
            "  filigree quantize examples/models/needle-16k --scheme w4a16 --smooth none --rank 0 -o needle-w4a16"
        })
final class QuantizeCommand extends Common {
    @Parameters(paramLabel = "CHECKPOINT", description = "Folder of the model.")
    Path checkpoint = Path.of("");

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "DIR",
            description = "Folder to write.")
    @Nullable
    Path output;

    @Option(
            names = "--scheme",
            paramLabel = "NAME",
            defaultValue = "w4a4",
            description = "w4a4, nvfp4, w4a8, w4a8-channel, w4a8-group, w8a8 or w4a16 (default: ${DEFAULT-VALUE}).")
    String scheme = "w4a4";

    @Option(
            names = "--smooth",
            paramLabel = "NAME",
            defaultValue = "full",
            description = "none, alpha, balanced, full or grid: candidates of the search (default: ${DEFAULT-VALUE}).")
    String smooth = "full";

    @Option(
            names = "--grids",
            paramLabel = "N",
            defaultValue = "20",
            description = "Steps of the search (default: ${DEFAULT-VALUE}).")
    int grids;

    @Option(
            names = "--rank",
            paramLabel = "R",
            defaultValue = "32",
            description = "Rank of the branch, 0 for none (default: ${DEFAULT-VALUE}).")
    int rank;

    @Option(names = "--ranks", paramLabel = "NAME=R", split = ",", description = "Other ranks for layers named so.")
    Map<String, Integer> ranks = Map.of();

    @Option(
            names = "--iterations",
            paramLabel = "N",
            defaultValue = "10",
            description = "Refinements of the branch at most, 1 for none (default: ${DEFAULT-VALUE}).")
    int iterations;

    @Option(names = "--gptq", description = "Let unrounded columns make up for rounded ones.")
    boolean gptq;

    @Option(names = "--skip", paramLabel = "NAME", split = ",", description = "Layers named so stay as they are.")
    List<String> skip = List.of();

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "512",
            description = "Inputs kept per layer (default: ${DEFAULT-VALUE}).")
    int rows;

    @Option(
            names = "--captions",
            paramLabel = "FILE",
            description = "Captions that a model that paints is calibrated on, one a line, instead of its own.")
    @Nullable
    Path captions;

    @Option(
            names = "--publish",
            paramLabel = "FILE",
            description = "Write the result in the published layout of Nunchaku too, 16-bit tensors as bf16.")
    @Nullable
    Path publish;

    @Option(
            names = "--html",
            paramLabel = "FILE",
            description = "Write a page with errors, times, singular values and outliers of every group.")
    @Nullable
    Path html;

    @Mixin
    CalibrationOptions options = new CalibrationOptions();

    @Override
    public Integer call() throws IOException {
        QuantizeRecipe recipe = recipe();
        QuantizeJob job;
        String data;
        try (QuantizeTask task = task()) {
            FinishedGroups finished =
                    new FinishedGroups(java.util.Objects.requireNonNull(output).resolve("unfinished"));
            job = task.run(recipe, finished, err()::println, report -> err().println(line(report)));
            data = task.data();
            write(job, task.tensors());
            if (publish != null) {
                NunchakuFile.write(publish, job.weights(), task.tensors(), DType.BF16);
            }
            finished.clear();
        }
        TextTable table = new TextTable().row(List.of("group", "step", "relative output error"));
        job.reports()
                .forEach(report -> report.errors()
                        .forEach((step, error) ->
                                table.row(List.of(report.group(), step, String.format(Locale.ROOT, "%.5f", error)))));
        out().print(table);
        out().flush();
        if (html != null) {
            Files.writeString(html, QuantizeReport.html("Quantizing " + checkpoint, job.reports()));
        }
        report(new JsonReport()
                .put("checkpoint", checkpoint.toString())
                .put("recipe", recipe.toString())
                .put("data", data)
                .put("errors", job.reports().stream().map(GroupReport::errors).toList()));
        return Errors.OK;
    }

    private QuantizeTask task() throws IOException {
        boolean paints = DitConfigReader.architecture(checkpoint)
                .filter(DitConfigReader.ARCHITECTURE::equals)
                .isPresent();
        if (!paints && captions != null) {
            throw wrong("--captions needs a model that paints, not " + checkpoint);
        }
        return paints
                ? new QuantizePainter(checkpoint, options, rows, captions())
                : new QuantizeDecoder(checkpoint, options, rows);
    }

    private List<String> captions() throws IOException {
        if (captions == null) {
            return List.of();
        }
        List<String> lines = Files.readAllLines(captions).stream()
                .filter(line -> !line.isBlank())
                .toList();
        if (lines.isEmpty()) {
            throw wrong("--captions must name a file with a caption in each line, not the empty " + captions);
        }
        return lines;
    }

    private QuantizeRecipe recipe() {
        try {
            Scheme chosen = Scheme.of(scheme);
            QuantizeRecipe.Smoothing how = QuantizeRecipe.Smoothing.valueOf(smooth.toUpperCase(Locale.ROOT));
            if (chosen.activation().isEmpty() && how != QuantizeRecipe.Smoothing.NONE) {
                throw wrong("--smooth must be none with --scheme " + scheme
                        + ", whose activations are not quantized, not " + smooth);
            }
            return new QuantizeRecipe(chosen, how, grids, rank, ranks, iterations, gptq, skip, options.seed);
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
    }

    private void write(QuantizeJob job, Collection<StoredTensor> tensors) {
        Path folder = java.util.Objects.requireNonNull(output);
        SideFiles.copy(checkpoint, folder);
        QuantizedFile.write(folder.resolve("model.safetensors"), job.weights(), tensors);
    }

    private static String line(GroupReport report) {
        StringBuilder line = new StringBuilder(report.group()).append(": ");
        report.errors().forEach((step, error) -> line.append(String.format(Locale.ROOT, "%s %.4f, ", step, error)));
        return line.append(String.format(
                        Locale.ROOT, "alpha %.2f, beta %.2f, svd %s", report.alpha(), report.beta(), report.svd()))
                .toString();
    }
}
