package dev.filigree.policies.config;

import dev.filigree.policies.yaml.YamlNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads single values; what is wrong becomes a problem with the actual and the accepted values. */
final class Values {
    private static final Pattern BYTES = Pattern.compile("(\\d{1,18})\\s*(B|KiB|MiB|GiB|TiB)?");
    private static final List<String> UNITS = List.of("B", "KiB", "MiB", "GiB", "TiB");

    private final Problems problems;

    Values(Problems problems) {
        this.problems = problems;
    }

    private <T> Optional<T> wrong(String key, String accepted, YamlNode node) {
        problems.add(node.line(), key, "must be " + accepted + ", not " + node.describe());
        return Optional.empty();
    }

    Optional<String> text(String key, YamlNode node) {
        return node instanceof YamlNode.Scalar scalar && !scalar.isEmpty()
                ? Optional.of(scalar.text())
                : wrong(key, "text", node);
    }

    OptionalLong integer(String key, YamlNode node, long minimum, long maximum) {
        Optional<BigDecimal> value = decimal(node);
        if (value.isPresent()) {
            try {
                long whole = value.get().longValueExact();
                if (whole >= minimum && whole <= maximum) {
                    return OptionalLong.of(whole);
                }
            } catch (ArithmeticException e) {
                // Not whole, or beyond 64 bits: reported below like a number out of range.
            }
        }
        wrong(key, "a whole number from " + minimum + " to " + maximum, node);
        return OptionalLong.empty();
    }

    OptionalDouble number(String key, YamlNode node, double minimum, double maximum) {
        Optional<BigDecimal> value = decimal(node);
        if (value.isPresent()) {
            double number = value.get().doubleValue();
            if (number >= minimum && number <= maximum) {
                return OptionalDouble.of(number);
            }
        }
        wrong(key, "a number from " + plain(minimum) + " to " + plain(maximum), node);
        return OptionalDouble.empty();
    }

    Optional<List<Double>> numbers(String key, YamlNode node, double minimum, double maximum) {
        if (!(node instanceof YamlNode.Sequence sequence)) {
            OptionalDouble one = number(key, node, minimum, maximum);
            return one.isPresent() ? Optional.of(List.of(one.getAsDouble())) : Optional.empty();
        }
        List<Double> values = new ArrayList<>();
        for (int i = 0; i < sequence.items().size(); i++) {
            number(key + "[" + i + "]", sequence.items().get(i), minimum, maximum)
                    .ifPresent(values::add);
        }
        if (sequence.items().isEmpty()) {
            return wrong(key, "a number or a list of at least one", node);
        }
        return values.size() == sequence.items().size() ? Optional.of(values) : Optional.empty();
    }

    Optional<Boolean> bool(String key, YamlNode node) {
        if (node instanceof YamlNode.Scalar scalar && !scalar.quoted()) {
            if (scalar.text().equals("true") || scalar.text().equals("false")) {
                return Optional.of(scalar.text().equals("true"));
            }
        }
        return wrong(key, "true or false", node);
    }

    Optional<String> choice(String key, YamlNode node, List<String> words) {
        if (node instanceof YamlNode.Scalar scalar) {
            if (words.contains(scalar.text())) {
                return Optional.of(scalar.text());
            }
            problems.add(
                    node.line(),
                    key,
                    "must be one of " + words + ", not " + node.describe() + Nearest.suggestion(scalar.text(), words));
            return Optional.empty();
        }
        return wrong(key, "one of " + words, node);
    }

    Optional<List<String>> words(String key, YamlNode node) {
        List<String> words = new ArrayList<>();
        if (node instanceof YamlNode.Sequence sequence) {
            for (YamlNode item : sequence.items()) {
                text(key, item).ifPresent(words::add);
            }
            return Optional.of(words);
        }
        return wrong(key, "a list of names", node);
    }

    OptionalLong bytes(String key, YamlNode node) {
        if (node instanceof YamlNode.Scalar scalar) {
            Matcher matcher = BYTES.matcher(scalar.text());
            if (matcher.matches()) {
                int unit = matcher.group(2) == null ? 0 : UNITS.indexOf(matcher.group(2));
                long count = Long.parseLong(matcher.group(1));
                long factor = 1L << (10 * unit);
                if (count > 0 && count <= Long.MAX_VALUE / factor) {
                    return OptionalLong.of(count * factor);
                }
            }
        }
        wrong(key, "a size such as 512MiB or 2GiB", node);
        return OptionalLong.empty();
    }

    /** A number without a needless fraction or exponent. */
    static String plain(double number) {
        return number == Math.rint(number) && Math.abs(number) < 1e15
                ? String.format(Locale.ROOT, "%.0f", number)
                : Double.toString(number);
    }

    private static Optional<BigDecimal> decimal(YamlNode node) {
        if (node instanceof YamlNode.Scalar scalar
                && !scalar.quoted()
                && scalar.text().length() <= 40) {
            try {
                BigDecimal value = new BigDecimal(scalar.text());
                // A short text can stand for a number of a billion digits.
                return Math.abs((long) value.scale()) <= 400 ? Optional.of(value) : Optional.empty();
            } catch (NumberFormatException e) {
                return Optional.empty();
            }
        }
        return Optional.empty();
    }
}
