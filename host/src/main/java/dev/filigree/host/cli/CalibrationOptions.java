package dev.filigree.host.cli;

import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.host.calibrate.CalibrationException;
import dev.filigree.host.calibrate.data.CalibrationData;
import dev.filigree.host.calibrate.data.NeedleData;
import dev.filigree.host.calibrate.data.PasskeyData;
import dev.filigree.host.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What calibrations are run on. */
final class CalibrationOptions {
    @Option(
            names = "--haystack",
            paramLabel = "FILE",
            description = {
                "A long UTF-8 text that passkeys are hidden in.",
                "Without one, the demo model's own tasks in generated text."
            })
    @Nullable
    Path haystack;

    @Option(
            names = "--min-tokens",
            paramLabel = "N",
            defaultValue = "1024",
            description = "Tokens of the shortest sample (default: ${DEFAULT-VALUE}).")
    int minTokens;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "2048",
            description = "Tokens of the longest sample (default: ${DEFAULT-VALUE}).")
    int maxTokens;

    @Option(
            names = "--samples",
            paramLabel = "N",
            defaultValue = "20",
            description = "Different samples (default: ${DEFAULT-VALUE}).")
    int samples;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "Of everything random; equal options give equal results (default: ${DEFAULT-VALUE}).")
    long seed;

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "What computes (default: ${DEFAULT-VALUE}).")
    String backend = "auto";

    CalibrationData data(Path checkpoint) {
        Tokenizer tokenizer = Tokenizer.read(checkpoint);
        if (haystack == null) {
            return new NeedleData(tokenizer, minTokens, maxTokens, seed);
        }
        try {
            return new PasskeyData(tokenizer, Files.readString(haystack), minTokens, maxTokens, seed);
        } catch (IOException e) {
            throw new CalibrationException(
                    "haystack " + haystack + " must be a readable UTF-8 text (" + e.getMessage() + ")");
        }
    }

    BackendRequest request() {
        return backend.equals("auto")
                ? BackendRequest.auto()
                : new BackendRequest(Optional.of(backend), List.of(), BackendOptions.NONE, "--backend");
    }
}
