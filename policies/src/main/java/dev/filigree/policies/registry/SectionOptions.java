package dev.filigree.policies.registry;

import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.api.policy.PolicyProvider;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Hands a checked section to its provider. */
public final class SectionOptions implements PolicyOptions {
    private final PolicySection section;
    private final PolicyRegistry registry;

    private SectionOptions(PolicySection section, PolicyRegistry registry) {
        this.section = section;
        this.registry = registry;
    }

    /**
     * Makes the policy of a section, nested ones first.
     *
     * @param section what to make
     * @param registry where its provider is
     * @param contract of the section's kind
     * @throws dev.filigree.api.policy.PolicyRefusal if the provider refuses the options
     * @throws IllegalArgumentException if the section is of another kind or its policy is not installed
     */
    public static <T> T create(PolicySection section, PolicyRegistry registry, Class<T> contract) {
        PolicyProvider<?> provider = registry.find(PolicyKind.of(contract), section.policy())
                .orElseThrow(() -> new IllegalArgumentException(section.path() + ": policy must be one of "
                        + registry.names(PolicyKind.of(contract)) + ", not " + section.policy()));
        return contract.cast(provider.create(new SectionOptions(section, registry)));
    }

    private <V extends OptionValue> V value(String key, Class<V> type) {
        OptionValue value = section.options().get(key);
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException("policy " + section.policy() + " declares no option " + key + " of type "
                    + type.getSimpleName() + ", it declares " + section.options());
        }
        return type.cast(value);
    }

    @Override
    public long integer(String key) {
        return value(key, OptionValue.Whole.class).value();
    }

    @Override
    public double number(String key) {
        return section.options().get(key) instanceof OptionValue.Whole whole
                ? whole.value()
                : value(key, OptionValue.Real.class).value();
    }

    @Override
    public boolean bool(String key) {
        return value(key, OptionValue.Flag.class).value();
    }

    @Override
    public String text(String key) {
        return value(key, OptionValue.Text.class).value();
    }

    @Override
    public Optional<Path> file(String key) {
        return value(key, OptionValue.File.class).path();
    }

    @Override
    public List<Double> numbers(String key) {
        return value(key, OptionValue.Reals.class).values();
    }

    @Override
    public <T> T policy(String key, Class<T> kind) {
        return create(value(key, OptionValue.Nested.class).section(), registry, kind);
    }

    @Override
    public <T> List<SelectedPolicy<T>> policies(String key, Class<T> kind) {
        List<SelectedPolicy<T>> made = new ArrayList<>();
        for (OptionValue.Selected part :
                value(key, OptionValue.NestedList.class).sections()) {
            T policy = create(part.section(), registry, kind);
            made.add(
                    new SelectedPolicy<>(part.selector(), policy, part.section().path()));
        }
        return made;
    }

    @Override
    public boolean isGiven(String key) {
        return section.given().contains(key);
    }

    @Override
    public String path(String key) {
        return section.path() + "." + key;
    }
}
