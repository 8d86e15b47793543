package dev.filigree.host.cli;

import dev.filigree.policies.config.AdapterConfig;
import dev.filigree.policies.config.RunConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Adapters that a command attaches beside those of the config. */
final class AdapterOptions {
    @Option(
            names = "--adapter",
            paramLabel = "PATH[=STRENGTH]",
            description = {
                "Attach an adapter of PEFT or diffusers beside those of the config: a safetensors file or its folder;",
                "may be repeated, all add (default strength: 1)."
            })
    List<String> adapters = List.of();

    /** A config with these adapters. */
    RunConfig on(RunConfig config, Common command) {
        List<AdapterConfig> more = new ArrayList<>();
        for (String text : adapters) {
            int equals = text.lastIndexOf('=');
            Path path = Path.of(equals < 0 ? text : text.substring(0, equals));
            if (!Files.exists(path)) {
                throw command.wrong("--adapter must name an existing file or folder, not " + path);
            }
            try {
                more.add(AdapterConfig.of(path, equals < 0 ? 1 : Float.parseFloat(text.substring(equals + 1))));
            } catch (NumberFormatException e) {
                throw command.wrong("--adapter " + path + " needs a number after =, not " + text.substring(equals + 1));
            } catch (IllegalArgumentException e) {
                throw command.wrong(String.valueOf(e.getMessage()));
            }
        }
        return config.withAdapters(more);
    }
}
