package dev.filigree.conformance.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.conformance.cases.Tier;
import dev.filigree.conformance.profile.Profile;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class VerifyOptionsTest {

    private static String refusal(String... arguments) {
        return assertThrows(IllegalArgumentException.class, () -> VerifyOptions.parse(List.of(arguments)))
                .getMessage();
    }

    @Test
    void defaultsAreTheFullProfileInTheCoreTier() {
        VerifyOptions options = VerifyOptions.parse(List.of());
        assertEquals(List.of(), options.backends());
        assertEquals(Profile.FULL, options.profile());
        assertEquals(Tier.CORE, options.kit().tier());
        assertEquals(Duration.ofMinutes(2), options.patience());
        assertEquals(Optional.empty(), options.json());
    }

    @Test
    void everyOptionIsRead() {
        VerifyOptions options = VerifyOptions.parse(List.of(
                "--backend",
                "a",
                "--backend",
                "b",
                "--policy",
                "p",
                "--profile",
                "sparse",
                "--tier",
                "full",
                "--json",
                "c.json",
                "--html",
                "c.html",
                "--journal",
                "j",
                "--waivers",
                "w",
                "--timeout",
                "5",
                "--case",
                "R201",
                "--seed",
                "-3",
                "--fresh-seed",
                "9"));
        assertEquals(List.of("a", "b"), options.backends());
        assertEquals(List.of("p"), options.policies());
        assertEquals(Profile.SPARSE, options.profile());
        assertEquals(Tier.FULL, options.kit().tier());
        assertEquals(Optional.of("R201"), options.kit().only());
        assertEquals(OptionalLong.of(-3), options.kit().seed());
        assertEquals(9, options.kit().freshSeed());
        assertEquals(Duration.ofSeconds(5), options.patience());
        assertEquals(Optional.of(Path.of("c.html")), options.html());
    }

    @Test
    void refusalsNameWhatIsAccepted() {
        assertTrue(refusal("--tiers", "core").startsWith("options must be among --backend, --policy"));
        assertEquals("--tier needs a value", refusal("--tier"));
        assertEquals("--seed must be a whole number, not x", refusal("--seed", "x"));
    }

    @Test
    void severalBackendsGetFilesOfTheirOwn() {
        assertEquals(Path.of("out/kit-vulkan.html"), Verify.named(Path.of("out/kit.html"), "vulkan", true));
        assertEquals(Path.of("out/kit.html"), Verify.named(Path.of("out/kit.html"), "vulkan", false));
        assertEquals(Path.of("journal-vulkan"), Verify.named(Path.of("journal"), "vulkan", true));
    }

    @Test
    void unknownBackendsAreWrongUse() {
        StringWriter err = new StringWriter();
        int code = new VerifyTool()
                .run(new PrintWriter(new StringWriter()), new PrintWriter(err, true), "--backend", "abacus");
        assertEquals(2, code);
        assertTrue(
                err.toString().startsWith("no backend abacus is installed; found are [cpu-reference]"), err::toString);
    }
}
