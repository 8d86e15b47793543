package dev.filigree.policies.registry;

import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.api.policy.KVCachePolicyProvider;
import dev.filigree.api.policy.PolicyProvider;
import dev.filigree.api.policy.QuantizedLinearProvider;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Policy providers by kind and name. Immutable. */
public final class PolicyRegistry {
    private final Map<PolicyKind, SortedMap<String, PolicyProvider<?>>> byKind = new EnumMap<>(PolicyKind.class);
    private final List<String> refused = new ArrayList<>();

    /** A registry of given providers; one of a second name or of another SPI version is refused with a reason. */
    public PolicyRegistry(Collection<? extends PolicyProvider<?>> providers) {
        this(providers, List.of());
    }

    private PolicyRegistry(Collection<? extends PolicyProvider<?>> providers, List<String> broken) {
        refused.addAll(broken);
        for (PolicyKind kind : PolicyKind.values()) {
            byKind.put(kind, new TreeMap<>());
        }
        providers.forEach(this::add);
    }

    private void add(PolicyProvider<?> provider) {
        String who = PolicyKind.of(provider).section() + " policy " + provider.name() + " ("
                + provider.getClass().getName() + ")";
        if (provider.spiVersion() != PolicyProvider.SPI_VERSION) {
            refused.add(who + " was built for SPI version " + provider.spiVersion() + ", this is "
                    + PolicyProvider.SPI_VERSION);
            return;
        }
        PolicyProvider<?> earlier = of(PolicyKind.of(provider)).putIfAbsent(provider.name(), provider);
        if (earlier != null) {
            refused.add(who + " has the name of " + earlier.getClass().getName());
        }
    }

    /** The providers that a layer and its parents hold, jars dropped on the module path included. */
    public static PolicyRegistry of(ModuleLayer layer) {
        List<PolicyProvider<?>> found = new ArrayList<>();
        List<String> broken = new ArrayList<>();
        collect(ServiceLoader.load(layer, AttentionPolicyProvider.class), found, broken);
        collect(ServiceLoader.load(layer, KVCachePolicyProvider.class), found, broken);
        collect(ServiceLoader.load(layer, QuantizedLinearProvider.class), found, broken);
        return new PolicyRegistry(found, broken);
    }

    /** The providers that a class loader finds, for programs on the class path. */
    public static PolicyRegistry of(ClassLoader loader) {
        List<PolicyProvider<?>> found = new ArrayList<>();
        List<String> broken = new ArrayList<>();
        collect(ServiceLoader.load(AttentionPolicyProvider.class, loader), found, broken);
        collect(ServiceLoader.load(KVCachePolicyProvider.class, loader), found, broken);
        collect(ServiceLoader.load(QuantizedLinearProvider.class, loader), found, broken);
        return new PolicyRegistry(found, broken);
    }

    /** The providers beside this module: of its layer, or on the class path. */
    public static PolicyRegistry installed() {
        ModuleLayer layer = PolicyRegistry.class.getModule().getLayer();
        return layer != null ? of(layer) : of(PolicyRegistry.class.getClassLoader());
    }

    private static <P extends PolicyProvider<?>> void collect(
            ServiceLoader<P> loader, List<PolicyProvider<?>> found, List<String> broken) {
        Iterator<P> providers = loader.iterator();
        while (true) {
            try {
                if (!providers.hasNext()) {
                    return;
                }
                found.add(providers.next());
            } catch (ServiceConfigurationError e) {
                // A broken jar must not take the working policies with it; its reason is shown beside them.
                broken.add(String.valueOf(e.getMessage()));
            }
        }
    }

    private SortedMap<String, PolicyProvider<?>> of(PolicyKind kind) {
        return java.util.Objects.requireNonNull(byKind.get(kind));
    }

    /** The provider of a name. */
    public Optional<PolicyProvider<?>> find(PolicyKind kind, String name) {
        return Optional.ofNullable(of(kind).get(name));
    }

    /** Names of a kind, ascending. */
    public SortedSet<String> names(PolicyKind kind) {
        return new TreeSet<>(of(kind).keySet());
    }

    /** Providers of a kind, by name. */
    public List<PolicyProvider<?>> providers(PolicyKind kind) {
        return List.copyOf(of(kind).values());
    }

    /** Why installed providers are not offered, one sentence each. */
    public List<String> refused() {
        return List.copyOf(refused);
    }
}
