package dev.filigree.host.cli;

import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.backend.Reason;
import dev.filigree.api.select.BackendSelector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;

/** Lists backends: what each would run on, or why it cannot. */
@Command(
        name = "backends",
        description = "List the installed backends, with reasons where one cannot run here.",
        footer = {"", "Examples:", "  filigree backends", "  filigree backends --json backends.json"})
final class BackendsCommand extends Common {

    @Override
    public Integer call() throws IOException {
        TextTable table = new TextTable().row("backend", "priority", "here", "on, or why not");
        List<Map<String, Object>> list = new ArrayList<>();
        for (BackendProvider provider : BackendSelector.installed().providers()) {
            Probe probe = BackendSelector.probe(provider);
            List<String> lines = lines(probe);
            boolean available = probe instanceof Probe.Available;
            table.row(provider.name(), String.valueOf(provider.priority()), available ? "yes" : "no", lines.getFirst());
            lines.stream().skip(1).forEach(line -> table.row("", "", "", line));
            list.add(json(provider, probe));
        }
        out().print(table);
        out().flush();
        report(new JsonReport().put("backends", list));
        return Errors.OK;
    }

    private static List<String> lines(Probe probe) {
        return switch (probe) {
            case Probe.Available(List<DeviceInfo> devices) ->
                devices.stream().map(DeviceInfo::toString).toList();
            case Probe.Unavailable(List<Reason> reasons) ->
                reasons.stream().map(Reason::toString).toList();
        };
    }

    private static Map<String, Object> json(BackendProvider provider, Probe probe) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("name", provider.name());
        values.put("priority", provider.priority());
        values.put("spiVersion", provider.spiVersion());
        values.put("available", probe instanceof Probe.Available);
        switch (probe) {
            case Probe.Available(List<DeviceInfo> devices) ->
                values.put(
                        "devices", devices.stream().map(BackendsCommand::device).toList());
            case Probe.Unavailable(List<Reason> reasons) ->
                values.put(
                        "reasons",
                        reasons.stream()
                                .map(r -> Map.of(
                                        "kind", r.kind().name(),
                                        "sentence", r.sentence(),
                                        "configKey", r.configKey().orElse("")))
                                .toList());
        }
        return values;
    }

    private static Map<String, Object> device(DeviceInfo device) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("name", device.name());
        values.put("kind", device.kind().name());
        values.put("detail", device.detail());
        values.put("memoryBytes", device.memoryBytes());
        values.put(
                "storageTypes",
                device.storageTypes().stream().map(Object::toString).sorted().toList());
        values.put(
                "computeTypes",
                device.computeTypes().stream().map(Object::toString).sorted().toList());
        return values;
    }
}
