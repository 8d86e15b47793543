package dev.filigree.host.cli;

import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.CheckpointException;
import dev.filigree.host.checkpoint.SideFiles;
import dev.filigree.host.quantize.QuantizedFile;
import dev.filigree.host.quantize.QuantizedWeights;
import dev.filigree.host.quantize.qserve.QServeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Reads checkpoints that others have quantized. */
@Command(
        name = "import",
        description = {
            "Turn a checkpoint in the published layout of QServe and LServe into one that runs here.",
            "W8A8, W4A8 per channel, and W4A8 in groups of 128 over int8; weights keep their codes, scales and zeros."
        },
        footer = {
            "",
            "Examples:",
            "  filigree import Llama-3-8B-w4a8-g128 -o llama-w4a8    # then linear: w4a8 in a config"
        })
final class ImportCommand extends Common {
    @Parameters(paramLabel = "CHECKPOINT", description = "Folder of the published checkpoint, in safetensors.")
    Path checkpoint = Path.of("");

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "DIR",
            description = "Folder to write.")
    @Nullable
    Path output;

    @Override
    public Integer call() throws IOException {
        Path folder = java.util.Objects.requireNonNull(output);
        if (!Checkpoint.hasWeights(checkpoint) && Files.exists(checkpoint.resolve("pytorch_model.bin"))) {
            throw new CheckpointException(checkpoint
                    + " holds its weights as a pickle, pytorch_model.bin, which may run code when it is read; accepted:"
                    + " model.safetensors with the same tensors");
        }
        Map<String, Integer> kinds = new TreeMap<>();
        int leftOut;
        try (Checkpoint source = Checkpoint.open(checkpoint)) {
            QServeFile.Decoder decoder = QServeFile.read(source);
            SideFiles.copy(checkpoint, folder);
            QuantizedFile.write(folder.resolve("model.safetensors"), decoder.layers(), decoder.others());
            decoder.layers().values().forEach(layer -> kinds.merge(kind(layer), 1, Integer::sum));
            leftOut = decoder.leftOut().size();
        }
        kinds.forEach((kind, count) -> out().println("layers stored as " + kind + ": " + count));
        if (leftOut > 0) {
            out().println("tensors left out: " + leftOut
                    + " of cache scales, as keys and values find theirs per token");
        }
        out().flush();
        report(new JsonReport()
                .put("checkpoint", checkpoint.toString())
                .put("layers", kinds)
                .put("leftOut", leftOut));
        return Errors.OK;
    }

    private static String kind(QuantizedWeights layer) {
        return layer.storage().weight() + (layer.storage().channelScales().isPresent() ? " over int8" : "");
    }
}
