package dev.filigree.policies.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.filigree.policies.yaml.YamlNode;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Single values at the edge of what is accepted, and what is said beyond it. */
class ValuesTest {
    private final Problems problems = new Problems("f");
    private final Values values = new Values(problems);

    private static YamlNode plain(String text) {
        return new YamlNode.Scalar(text, false, 3);
    }

    private static YamlNode quoted(String text) {
        return new YamlNode.Scalar(text, true, 3);
    }

    private static String problem(Function<Values, Object> read) {
        Problems found = new Problems("f");
        Object unused = read.apply(new Values(found));
        return assertThrows(ConfigException.class, found::throwIfAny)
                .problems()
                .getFirst()
                .toString();
    }

    @Test
    void wholeNumbers() {
        assertEquals(OptionalLong.of(-2), values.integer("k", plain("-2"), -2, 7));
        assertEquals(OptionalLong.of(7), values.integer("k", plain("7"), -2, 7));
        assertEquals(OptionalLong.of(5), values.integer("k", plain("0.5e1"), -2, 7));
        problems.throwIfAny();
        for (String text : List.of("-3", "8", "2.5", "99999999999999999999", "1e999999999", "x", "0x1")) {
            assertEquals(
                    "f:3: k: must be a whole number from -2 to 7, not "
                            + plain(text).describe(),
                    problem(v -> v.integer("k", plain(text), -2, 7)));
        }
        assertEquals(
                "f:3: k: must be a whole number from -2 to 7, not the quoted text 5",
                problem(v -> v.integer("k", quoted("5"), -2, 7)).replace("\"", ""));
    }

    @Test
    void numbers() {
        assertEquals(OptionalDouble.of(0.5), values.number("k", plain("0.5"), 0.5, 2));
        assertEquals(OptionalDouble.of(2), values.number("k", plain("2"), 0.5, 2));
        assertEquals(Optional.of(List.of(1.0)), values.numbers("k", plain("1"), 0, 2));
        YamlNode list = new YamlNode.Sequence(List.of(plain("0"), plain("2")), 3);
        assertEquals(Optional.of(List.of(0.0, 2.0)), values.numbers("k", list, 0, 2));
        problems.throwIfAny();
        for (String text : List.of("0.49", "2.01", "NaN", "")) {
            assertEquals(
                    "f:3: k: must be a number from 0.5 to 2, not " + plain(text).describe(),
                    problem(v -> v.number("k", plain(text), 0.5, 2)));
        }
        assertEquals("f:3: k[1]: must be a number from 0 to 1, not 2", problem(v -> v.numbers("k", list, 0, 1)));
        assertEquals(
                "f:3: k: must be a number or a list of at least one, not a list",
                problem(v -> v.numbers("k", new YamlNode.Sequence(List.of(), 3), 0, 1)));
        assertEquals("1.0E15", Values.plain(1e15));
        assertEquals("999999999999999", Values.plain(999999999999999.0));
    }

    @Test
    void sizes() {
        assertEquals(OptionalLong.of(1), values.bytes("k", plain("1")));
        assertEquals(OptionalLong.of(512), values.bytes("k", plain("512B")));
        assertEquals(OptionalLong.of(3L << 30), values.bytes("k", plain("3 GiB")));
        assertEquals(OptionalLong.of(8388607L << 40), values.bytes("k", plain("8388607TiB")));
        problems.throwIfAny();
        for (String text : List.of("0", "8388608TiB", "1GB", "-1", "1.5GiB")) {
            assertEquals(
                    "f:3: k: must be a size such as 512MiB or 2GiB, not "
                            + plain(text).describe(),
                    problem(v -> v.bytes("k", plain(text))));
        }
    }

    @Test
    void switchesWordsAndLists() {
        assertEquals(Optional.of(true), values.bool("k", plain("true")));
        assertEquals(Optional.of(false), values.bool("k", plain("false")));
        assertEquals(Optional.of("mean"), values.choice("k", plain("mean"), List.of("mean", "union")));
        YamlNode list = new YamlNode.Sequence(List.of(plain("a"), plain("b")), 3);
        assertEquals(Optional.of(List.of("a", "b")), values.words("k", list));
        problems.throwIfAny();
        assertEquals("f:3: k: must be true or false, not \"yes\"", problem(v -> v.bool("k", plain("yes"))));
        assertEquals(
                "f:3: k: must be true or false, not the quoted text \"true\"",
                problem(v -> v.bool("k", quoted("true"))));
        assertEquals("f:3: k: must be a list of names, not \"a\"", problem(v -> v.words("k", plain("a"))));
        assertEquals(
                "f:3: k: must be one of [mean, union], not a list",
                problem(v -> v.choice("k", list, List.of("mean", "union"))));
        assertEquals("f:3: k: must be text, not nothing", problem(v -> v.text("k", plain("~"))));
    }
}
