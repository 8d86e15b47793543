package dev.filigree.integration.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The samples compile against the packaged modules and need nothing of ours but the api. */
class SampleModulesTest {

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void compilesWithoutWarningsAndRequiresTheApiAlone(SampleProject sample) throws Exception {
        ModuleDescriptor module = ModuleFinder.of(sample.compile(folder)).findAll().stream()
                .findFirst()
                .orElseThrow()
                .descriptor();

        Set<String> requires =
                module.requires().stream().map(ModuleDescriptor.Requires::name).collect(Collectors.toSet());
        assertEquals(Set.of("java.base", "dev.filigree.api"), requires);
        assertEquals(1, module.provides().size(), module::toString);
    }
}
