package dev.filigree.host.cli;

import dev.filigree.host.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Text on standard input to ids and back. */
@Command(
        name = "tokenize",
        description = "Turn text on standard input into token ids and back.",
        footer = {
            "",
            "Examples:",
            "  echo 'Hello there' | filigree tokenize examples/models/needle-16k",
            "  filigree tokenize examples/models/needle-16k --no-special --json ids.json < text.txt"
        })
final class TokenizeCommand extends Common {
    @Parameters(paramLabel = "FOLDER", description = "Folder of a checkpoint, or its tokenizer.json.")
    Path folder = Path.of("");

    @Option(names = "--no-special", description = "Leave out tokens that the tokenizer adds by itself.")
    boolean noSpecial;

    @Override
    public Integer call() throws IOException {
        Tokenizer tokenizer = Tokenizer.read(folder);
        String text = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        int[] ids = tokenizer.encode(text, !noSpecial);
        String back = tokenizer.decode(ids, true);
        out().println(Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
        out().println(back);
        out().println(ids.length + " tokens"
                + (back.equals(text) ? ", decoded to the same text" : ", decoded text differs"));
        out().flush();
        report(new JsonReport()
                .put("text", text)
                .put("ids", ids)
                .put(
                        "tokens",
                        Arrays.stream(ids)
                                .mapToObj(id -> tokenizer.token(id).orElse(""))
                                .toList())
                .put("decoded", back)
                .put("same", back.equals(text)));
        return Errors.OK;
    }
}
