package dev.filigree.host.cli;

import dev.filigree.host.needle.NeedleMaker;
import dev.filigree.host.needle.NeedlePrompt;
import dev.filigree.host.needle.NeedleTask;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Makes a retrieval prompt. */
@Command(
        name = "needle",
        description = {
            "Print a retrieval prompt for the demo model.",
            "Facts in a long text and a question about one of them; equal options give equal prompts."
        },
        footer = {
            "",
            "Examples:",
            "  filigree needle --task multikey --tokens 8192 --depth 0.3",
            "  filigree needle --tokens 4096 | filigree run examples/needle.yaml --prompt-file -",
            "  filigree needle --task kv --json kv.json    # with the answer"
        })
final class NeedleCommand extends Common {
    @Option(
            names = "--task",
            paramLabel = "TASK",
            defaultValue = "single",
            description = "single, multikey, multivalue, kv or copy (default: ${DEFAULT-VALUE}).")
    String task = "single";

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "4096",
            description = "Size of prompt and answer in tokens of the demo model (default: ${DEFAULT-VALUE}).")
    int tokens;

    @Option(
            names = "--depth",
            paramLabel = "D",
            defaultValue = "0.5",
            description =
                    "Where the fact stands: 0 the start, 1 right before the question (default: ${DEFAULT-VALUE}).")
    double depth;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "Another seed, another prompt (default: ${DEFAULT-VALUE}).")
    long seed;

    @Override
    public Integer call() throws IOException {
        NeedlePrompt prompt = new NeedleMaker().make(NeedleTask.of(task), tokens, depth, seed);
        // No line break at the end: the model was trained to answer right after the question.
        out().print(prompt.prompt());
        out().flush();
        report(new JsonReport()
                .put("task", prompt.task().id())
                .put("tokens", prompt.numTokens())
                .put("depth", prompt.depth())
                .put("seed", prompt.seed())
                .put("prompt", prompt.prompt())
                .put("answer", prompt.answer()));
        return Errors.OK;
    }
}
