package dev.filigree.policies.config;

import dev.filigree.api.backend.BackendOptions;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.policies.yaml.YamlNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Reads the backend section. Whether a backend of a name exists and can serve is the selector's to say, with reasons;
 * here its option keys are checked where the backend is known.
 */
final class BackendSection {
    private final Section section;
    private final Problems problems;
    private final List<BackendProvider> backends;
    private final Values values;

    BackendSection(Optional<YamlNode> node, List<BackendProvider> backends, Problems problems) {
        this.section = new Section("backend", node, Optional.of("name"), problems);
        this.problems = problems;
        this.backends = backends;
        this.values = new Values(problems);
    }

    BackendRequest read() {
        Optional<String> name = section.take("name")
                .flatMap(node -> values.text("backend.name", node))
                .filter(text -> !text.equals("auto"));
        List<String> order = section.take("order")
                .flatMap(node -> values.words("backend.order", node))
                .orElse(List.of());
        if (name.isPresent() && section.has("order")) {
            section.problem("order", "needs backend.name auto, not " + name.get() + ", which is the only candidate");
        }
        Map<String, String> options = new LinkedHashMap<>();
        Optional<SortedSet<String>> known = optionKeys(name, order);
        for (YamlNode.Entry entry : section.others()) {
            String key = section.key(entry.key());
            if (known.isPresent() && !known.get().contains(entry.key())) {
                SortedSet<String> accepted = new TreeSet<>(known.get());
                accepted.addAll(List.of("name", "order"));
                problems.add(
                        entry.line(),
                        key,
                        "is not a key here" + Nearest.suggestion(entry.key(), accepted) + "; accepted are " + accepted);
            } else {
                values.text(key, entry.value()).ifPresent(text -> options.put(entry.key(), text));
            }
        }
        return new BackendRequest(name, order, new BackendOptions(options), "backend.name");
    }

    /** The keys of all candidates; absent if one of them is not installed, for then the selector refuses anyway. */
    private Optional<SortedSet<String>> optionKeys(Optional<String> name, List<String> order) {
        List<String> wanted = name.map(List::of).orElse(order);
        SortedSet<String> keys = new TreeSet<>();
        for (BackendProvider backend : backends) {
            if (wanted.isEmpty() || wanted.contains(backend.name())) {
                keys.addAll(backend.optionKeys());
            }
        }
        boolean allKnown = backends.stream().map(BackendProvider::name).toList().containsAll(wanted);
        return allKnown && !backends.isEmpty() ? Optional.of(keys) : Optional.empty();
    }
}
