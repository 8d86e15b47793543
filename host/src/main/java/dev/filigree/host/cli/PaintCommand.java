package dev.filigree.host.cli;

import dev.filigree.host.picture.ContactSheet;
import dev.filigree.host.picture.Picture;
import dev.filigree.host.picture.PngWriter;
import dev.filigree.policies.config.ConfigReader;
import dev.filigree.policies.config.RunConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Paints captions with a diffusion transformer. */
@Command(
        name = "paint",
        description = {
            "Paint a caption with the model and the policies of a config file.",
            "Several captions, or several configs, give a contact sheet: a row per config, a column per caption."
        },
        footer = {
            "",
            "Examples:",
            "  filigree paint 'a large red ring left of a small blue cross on grey' -o out.png",
            "  filigree paint --prompts --columns 8 -o sheet.png",
            "  filigree paint --prompts --against w4a4.yaml --against svdquant.yaml -o sheet.png"
        })
final class PaintCommand extends Common {
    private static final int MAX_STEPS = 1000;

    @Parameters(paramLabel = "CAPTION", arity = "0..*", description = "What to paint, in the model's words.")
    List<String> captions = List.of();

    @Option(names = "--prompts", description = "Paint the captions that the model comes with.")
    boolean prompts;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            defaultValue = "examples/shapes.yaml",
            description = "Config file (default: ${DEFAULT-VALUE}).")
    Path config = Path.of("");

    @Option(
            names = "--against",
            paramLabel = "OTHER.yaml",
            description = "A further config that paints the same from the same noise and is compared; may be repeated.")
    List<Path> against = List.of();

    @Option(
            names = {"-o", "--out"},
            paramLabel = "FILE",
            defaultValue = "picture.png",
            description = "The PNG file to write (default: ${DEFAULT-VALUE}).")
    Path target = Path.of("");

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Seed of the first picture's noise; each next picture has the next (default: ${DEFAULT-VALUE}).")
    long seed;

    @Option(names = "--steps", paramLabel = "N", description = "Euler steps, instead of the model's.")
    @Nullable
    Integer steps;

    @Option(
            names = "--guidance",
            paramLabel = "G",
            description = "Factor between the empty caption and the caption, instead of the model's; 1 for none.")
    @Nullable
    Double guidance;

    @Option(
            names = "--columns",
            paramLabel = "N",
            defaultValue = "16",
            description = "Pictures in a row of the sheet of one config (default: ${DEFAULT-VALUE}).")
    int columns;

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            description = "The backend, instead of the config's; auto chooses.")
    @Nullable
    String backend;

    @Mixin
    AdapterOptions adapters = new AdapterOptions();

    @Override
    public Integer call() throws IOException {
        requireValid();
        List<PaintOutcome> outcomes = new ArrayList<>();
        for (RunConfig each : configs()) {
            outcomes.add(new PaintTask(
                            each,
                            own -> prompts ? own : captions,
                            seed,
                            steps == null ? OptionalInt.empty() : OptionalInt.of(steps),
                            guidance == null ? OptionalDouble.empty() : OptionalDouble.of(guidance),
                            err())
                    .call());
        }
        PngWriter.write(sheet(outcomes), target);
        PaintSummary summary = new PaintSummary(outcomes);
        out().print(summary.table());
        out().println("wrote " + target);
        out().flush();
        report(summary.json(target));
        return Errors.OK;
    }

    private void requireValid() {
        if (prompts == !captions.isEmpty()) {
            throw wrong("give captions or --prompts, one of the two");
        }
        if (steps != null && (steps < 1 || steps > MAX_STEPS)) {
            throw wrong("--steps must be 1 to " + MAX_STEPS + ", not " + steps);
        }
        if (guidance != null && !(Math.abs(guidance) <= MAX_STEPS)) {
            throw wrong("--guidance must be -" + MAX_STEPS + " to " + MAX_STEPS + ", not " + guidance);
        }
        if (columns < 1) {
            throw wrong("--columns must be 1 or more, not " + columns);
        }
    }

    private List<RunConfig> configs() {
        List<Path> files = new ArrayList<>(List.of(config));
        files.addAll(against);
        return files.stream()
                .map(ConfigReader::read)
                .map(read -> backend == null ? read : read.withBackend(backend))
                .map(read -> adapters.on(read, this))
                .toList();
    }

    private Picture sheet(List<PaintOutcome> outcomes) {
        List<Picture> first = outcomes.getFirst().pictures();
        if (outcomes.size() > 1) {
            return ContactSheet.of(outcomes.stream().map(PaintOutcome::pictures).toList());
        }
        if (first.size() == 1) {
            return first.getFirst();
        }
        List<List<Picture>> rows = new ArrayList<>();
        for (int from = 0; from + columns <= first.size(); from += columns) {
            rows.add(first.subList(from, from + columns));
        }
        int rest = first.size() % columns;
        if (rest > 0 && !rows.isEmpty()) {
            throw wrong("--columns must divide the " + first.size() + " pictures, not be " + columns);
        }
        return ContactSheet.of(rows.isEmpty() ? List.of(first) : rows);
    }
}
