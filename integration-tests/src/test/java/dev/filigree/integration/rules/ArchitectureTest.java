package dev.filigree.integration.rules;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.importer.ImportOption.Predefined.DO_NOT_INCLUDE_TESTS;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may see whom, beyond what the module descriptors already enforce. */
class ArchitectureTest {
    private static final JavaClasses CLASSES =
            new ClassFileImporter().withImportOption(DO_NOT_INCLUDE_TESTS).importPackages("dev.filigree");

    @ParameterizedTest
    @ValueSource(strings = {"api", "policies", "cpu.reference", "cpu.vector", "cuda", "vulkan", "conformance", "host"})
    void everyModuleIsLookedAt(String module) {
        String root = "dev.filigree." + module;
        assertFalse(
                CLASSES.that(resideInAPackage(root + "..")).isEmpty(),
                () -> "no class of " + root + " was found: the rules see nothing");
    }

    @Test
    void apiDependsOnNothing() {
        classes()
                .that()
                .resideInAPackage("dev.filigree.api..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("dev.filigree.api..", "java..", "org.jspecify.annotations..")
                .check(CLASSES);
    }

    @Test
    void onlyWiringAndHostSeeGuice() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.filigree.policies.wiring..", "dev.filigree.host..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.google.inject..", "jakarta.inject..")
                .check(CLASSES);
    }

    @Test
    void onlyTheDriverPackageSeesJcuda() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.filigree.cuda.driver..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jcuda..")
                .check(CLASSES);
    }

    @Test
    void onlyTheDevicePackageSeesLwjgl() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.filigree.vulkan.device..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.lwjgl..")
                .check(CLASSES);
    }

    @Test
    void hostAndPoliciesSeeNoBackend() {
        noClasses()
                .that()
                .resideInAnyPackage("dev.filigree.host..", "dev.filigree.policies..", "dev.filigree.conformance..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.filigree.cpu..", "dev.filigree.cuda..", "dev.filigree.vulkan..")
                .check(CLASSES);
    }

    @Test
    void modulesHaveNoCycles() {
        slices().matching("dev.filigree.(*)..").should().beFreeOfCycles().check(CLASSES);
    }
}
