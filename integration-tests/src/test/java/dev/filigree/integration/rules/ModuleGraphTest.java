package dev.filigree.integration.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.integration.process.ProjectTree;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The dependency table of the architecture page, read from the packaged module descriptors. */
class ModuleGraphTest {
    private static final String API = "dev.filigree.api";

    /** Module to the modules of ours it may require; libraries are the architecture rules' business. */
    private static final Map<String, Set<String>> ALLOWED = Map.of(
            API,
            Set.of(),
            "dev.filigree.policies",
            Set.of(API),
            "dev.filigree.cpu.reference",
            Set.of(API),
            "dev.filigree.cpu.vector",
            Set.of(API),
            "dev.filigree.cuda",
            Set.of(API),
            "dev.filigree.vulkan",
            Set.of(API),
            "dev.filigree.host",
            Set.of(API, "dev.filigree.policies"));

    static Set<String> modules() {
        return new TreeSet<>(ALLOWED.keySet());
    }

    @ParameterizedTest
    @MethodSource("modules")
    void requiresOnlyWhatTheTableAllows(String module) {
        Set<String> ours = requires(module).stream()
                .filter(name -> name.startsWith("dev.filigree."))
                .collect(Collectors.toSet());
        ours.removeAll(ALLOWED.get(module));
        assertEquals(Set.of(), ours, () -> module + " requires more than it may");
    }

    @Test
    void apiRequiresJavaBaseAndAnnotationsOnly() {
        assertEquals(Set.of("java.base", "org.jspecify"), requires(API));
    }

    @Test
    void everyModuleIsNullMarked() throws Exception {
        for (Path source : moduleDescriptors()) {
            assertTrue(
                    Files.readString(source).contains("\n@NullMarked\n"),
                    () -> ProjectTree.root().relativize(source) + " lacks @NullMarked");
        }
    }

    private static List<Path> moduleDescriptors() throws Exception {
        try (var folders = Files.list(ProjectTree.root())) {
            List<Path> found = folders.map(folder -> folder.resolve("src/main/java/module-info.java"))
                    .filter(Files::exists)
                    .toList();
            assertEquals(ALLOWED.size() + 1, found.size(), () -> "all modules of the table and the kit: " + found);
            return found;
        }
    }

    private static Set<String> requires(String module) {
        return ModuleFinder.of(ProjectTree.modulePath())
                .find(module)
                .map(ModuleReference::descriptor)
                .map(ModuleDescriptor::requires)
                .orElseThrow(() -> new AssertionError(module + " is not on the module path"))
                .stream()
                .map(ModuleDescriptor.Requires::name)
                .collect(Collectors.toSet());
    }
}
