package dev.filigree.host.cli;

import dev.filigree.policies.config.ConfigReader;
import dev.filigree.policies.config.PromptConfig;
import dev.filigree.policies.config.RunConfig;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Answers a prompt with the model and policies of a config. */
@Command(
        name = "run",
        description = "Answer a prompt with the model and the policies of a config file.",
        footer = {
            "",
            "Examples:",
            "  filigree run examples/needle.yaml",
            "  filigree run examples/needle.yaml --against examples/streaming.yaml",
            "  filigree run examples/needle.yaml --prompt 'The pass key for amber otter is 83412. What is it? '",
            "  filigree needle --tokens 2048 | filigree run examples/needle.yaml --prompt-file -"
        })
final class RunCommand extends Common {
    @Parameters(paramLabel = "CONFIG", description = "Config file.")
    Path config = Path.of("");

    @Option(names = "--prompt", paramLabel = "TEXT", description = "The prompt, instead of the config's.")
    @Nullable
    String prompt;

    @Option(
            names = "--prompt-file",
            paramLabel = "FILE",
            description = "A UTF-8 file with the prompt, - for standard input.")
    @Nullable
    Path promptFile;

    @Option(names = "--max-tokens", paramLabel = "N", description = "New tokens at most, instead of the config's.")
    @Nullable
    Integer maxTokens;

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            description = "The backend, instead of the config's; auto chooses.")
    @Nullable
    String backend;

    @Option(
            names = "--against",
            paramLabel = "OTHER.yaml",
            description = "A second config that gets the same prompt; both are shown side by side.")
    @Nullable
    Path against;

    @Option(
            names = "--expect",
            paramLabel = "TEXT",
            description =
                    "The right answer: each answer is marked, and the exit code is 1 if that of CONFIG does not start with it.")
    @Nullable
    String expect;

    @Mixin
    AdapterOptions adapters = new AdapterOptions();

    @Override
    public Integer call() throws IOException {
        if (prompt != null && promptFile != null) {
            throw wrong("--prompt and --prompt-file exclude each other; give one");
        }
        if (maxTokens != null && maxTokens < 0) {
            throw wrong("--max-tokens must be 0 or more, not " + maxTokens);
        }
        List<RunConfig> configs = new ArrayList<>();
        configs.add(adjusted(ConfigReader.read(config)));
        if (against != null) {
            configs.add(adjusted(ConfigReader.read(against)));
        }
        String text = text(configs.getFirst().prompt());
        List<RunOutcome> outcomes = new ArrayList<>();
        for (RunConfig each : configs) {
            outcomes.add(new RunTask(each, text, err(), configs.size() == 1 ? out() : null).call());
        }
        RunSummary summary = new RunSummary(outcomes, Optional.ofNullable(expect));
        out().print(summary.table());
        out().flush();
        report(summary.json(text));
        return summary.firstIsRight() ? Errors.OK : Errors.FAILED;
    }

    private RunConfig adjusted(RunConfig read) {
        RunConfig adjusted = adapters.on(backend == null ? read : read.withBackend(backend), this);
        return maxTokens == null
                ? adjusted
                : adjusted.withGeneration(adjusted.generation().withMaxTokens(maxTokens));
    }

    private String text(PromptConfig configured) throws IOException {
        if (prompt != null) {
            return prompt;
        }
        Optional<Path> file = promptFile != null ? Optional.of(promptFile) : configured.file();
        if (file.isPresent()) {
            return read(file.get());
        }
        return configured
                .text()
                .orElseThrow(
                        () -> wrong("no prompt: give --prompt or --prompt-file, or a prompt section in " + config));
    }

    private String read(Path file) throws IOException {
        try {
            return file.toString().equals("-")
                    ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
                    : Files.readString(file);
        } catch (NoSuchFileException e) {
            throw wrong("prompt file " + file + " does not exist");
        } catch (CharacterCodingException e) {
            throw wrong("prompt file " + file + " must be UTF-8 text");
        }
    }
}
