package dev.filigree.host.calibrate.thresholds;

import dev.filigree.host.calibrate.CalibrationException;
import dev.filigree.host.calibrate.TextFile;
import dev.filigree.host.json.Quote;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * What the steps of a calibration gave, on disk, so that an interrupted run goes on where it stopped. Steps come in a fixed
 * order and depend on nothing but earlier ones, so a step is known by its number. Numbers read back exactly.
 */
public final class StepLog {
    private static final String FORMAT = "# filigree calibration steps 1";

    private final Optional<Path> file;
    private final String run;
    private final List<double[]> steps = new ArrayList<>();
    private int next;

    private StepLog(Optional<Path> file, String run) {
        this.file = file;
        this.run = run;
    }

    /**
     * Opens a log.
     *
     * @param file read if it is there; absent to keep nothing
     * @param run everything that decides about the run, in one line; a log of another run is refused
     * @throws CalibrationException if it holds something else
     */
    public static StepLog open(Optional<Path> file, String run) {
        StepLog log = new StepLog(file, run);
        if (file.isPresent() && Files.exists(file.get())) {
            log.read(file.get());
        }
        return log;
    }

    private void read(Path path) {
        List<String> lines;
        try {
            lines = Files.readAllLines(path);
        } catch (IOException e) {
            throw new CalibrationException("state " + path + " must be a readable text (" + e.getMessage() + ")");
        }
        if (lines.size() < 2 || !lines.get(0).equals(FORMAT)) {
            throw new CalibrationException("state " + path + " must begin with \"" + FORMAT + "\"");
        }
        if (!lines.get(1).equals("# " + run)) {
            throw new CalibrationException(
                    path + " belongs to the run \"" + Quote.name(lines.get(1)) + "\"; accepted: \"# " + run + "\"");
        }
        for (String line : lines.subList(2, lines.size())) {
            try {
                steps.add(Arrays.stream(line.split("\t"))
                        .mapToDouble(Double::parseDouble)
                        .toArray());
            } catch (NumberFormatException e) {
                throw new CalibrationException(
                        "state " + path + " must hold numbers, not \"" + Quote.name(line) + "\"");
            }
        }
    }

    /** Steps that are known before they are asked for. */
    public int known() {
        return steps.size() - next;
    }

    /**
     * The numbers of the next step: known ones, or computed now and kept.
     *
     * @param count how many numbers a step has
     * @throws CalibrationException if the file holds another number of them
     */
    public double[] next(int count, Supplier<double[]> compute) {
        if (next == steps.size()) {
            steps.add(compute.get());
            file.ifPresent(path -> TextFile.replace(path, text()));
        }
        double[] step = steps.get(next++);
        if (step.length != count) {
            throw new CalibrationException("state " + file.map(Path::toString).orElse("of this run") + ": step " + next
                    + " has " + step.length + " numbers; accepted: " + count);
        }
        return step.clone();
    }

    private String text() {
        return FORMAT + "\n# " + run + "\n"
                + steps.stream()
                        .map(step ->
                                Arrays.stream(step).mapToObj(Double::toString).collect(Collectors.joining("\t")) + "\n")
                        .collect(Collectors.joining());
    }
}
