package dev.filigree.conformance.policy;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.conformance.certificate.GivenText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * A policy with its options and what is asked of it.
 *
 * @param text as given, such as {@code lserve:budget=64:mass>=0.9}
 * @param provider makes it
 * @param given options by key
 * @param massFloor least share of the softmax mass that a query must keep, 0 for none
 * @param recallFloor least share of planted needles that must be seen, 0 for none
 */
public record PolicySetting(
        String text,
        AttentionPolicyProvider provider,
        Map<String, String> given,
        double massFloor,
        double recallFloor) {

    /**
     * Reads {@code NAME:KEY=VALUE:...:mass>=FLOOR:recall>=FLOOR}; only the name is needed.
     *
     * @throws IllegalArgumentException in one sentence
     */
    public static PolicySetting parse(String text) {
        return parse(text, providers());
    }

    /** The same among given policies instead of installed ones. */
    public static PolicySetting parse(String text, List<AttentionPolicyProvider> among) {
        String[] parts = text.split(":");
        Map<String, String> given = new LinkedHashMap<>();
        double mass = 0;
        double recall = 0;
        for (int i = 1; i < parts.length; i++) {
            if (parts[i].startsWith("mass>=")) {
                mass = floor(parts[i]);
            } else if (parts[i].startsWith("recall>=")) {
                recall = floor(parts[i]);
            } else {
                int equals = parts[i].indexOf('=');
                if (equals < 1) {
                    throw new IllegalArgumentException(
                            "a policy must be NAME:KEY=VALUE:...:mass>=FLOOR:recall>=FLOOR, not "
                                    + GivenText.line(text));
                }
                given.put(parts[i].substring(0, equals), parts[i].substring(equals + 1));
            }
        }
        PolicySetting setting = new PolicySetting(text, provider(parts[0], among), given, mass, recall);
        setting.options(Map.of());
        return setting;
    }

    private static double floor(String part) {
        String number = part.substring(part.indexOf('=') + 1);
        try {
            double floor = Double.parseDouble(number);
            if (floor >= 0 && floor <= 1) {
                return floor;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "a floor must be a number from 0 to 1, not " + GivenText.line(number), e);
        }
        throw new IllegalArgumentException("a floor must be a number from 0 to 1, not " + GivenText.line(number));
    }

    private static AttentionPolicyProvider provider(String name, List<AttentionPolicyProvider> among) {
        return among.stream()
                .filter(provider -> provider.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "no attention policy " + GivenText.line(name) + " is installed; found are "
                                + among.stream()
                                        .map(AttentionPolicyProvider::name)
                                        .sorted()
                                        .toList()));
    }

    /** Installed attention policies. */
    static List<AttentionPolicyProvider> providers() {
        return ServiceLoader.load(AttentionPolicyProvider.class, PolicySetting.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
    }

    /** Every other installed policy that can be made without options. */
    List<PolicySetting> others() {
        List<PolicySetting> others = new ArrayList<>();
        for (AttentionPolicyProvider other : providers()) {
            boolean complete = other.options().stream()
                    .noneMatch(spec -> spec.defaultText().isEmpty());
            if (complete && !other.name().equals(provider.name())) {
                others.add(parse(other.name()));
            }
        }
        return others;
    }

    private GivenOptions options(Map<String, AttentionPolicy> nested) {
        return new GivenOptions(provider.name(), provider.options(), given, nested);
    }

    /**
     * The policy.
     *
     * @throws PolicyRefusal if the options contradict each other
     */
    public AttentionPolicy policy() {
        return provider.create(options(Map.of()));
    }

    /** This setting with other policies inside, by option. */
    AttentionPolicy with(Map<String, AttentionPolicy> nested) {
        return provider.create(options(nested));
    }

    /** Options that take another policy. */
    List<String> nestedKeys() {
        return provider.options().stream()
                .filter(spec -> spec.type() == OptionSpec.Type.POLICY)
                .map(OptionSpec::key)
                .toList();
    }

    @Override
    public String toString() {
        return text;
    }
}
