package dev.filigree.api.select;

import dev.filigree.api.attention.SparseCrossover;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendException;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.DeviceInfo;
import dev.filigree.api.backend.Probe;
import dev.filigree.api.backend.Reason;
import dev.filigree.api.plan.Plan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.ServiceLoader;

/**
 * Walks providers in order of priority and opens the first that serves every plan. A named backend is the only
 * candidate: it serves, or the refusal lists every reason. Software devices are never chosen automatically.
 *
 * {@snippet file="dev/filigree/integration/snippets/ApiSnippetsTest.java" region="select"}
 */
public final class BackendSelector {
    private final List<BackendProvider> providers;

    /** A selector over given providers. */
    public BackendSelector(List<BackendProvider> providers) {
        this.providers = providers.stream()
                .sorted(Comparator.comparingInt(BackendProvider::priority)
                        .reversed()
                        .thenComparing(BackendProvider::name))
                .toList();
    }

    /** A selector over the providers that {@link ServiceLoader} finds in a layer. */
    public static BackendSelector of(ModuleLayer layer) {
        return new BackendSelector(ServiceLoader.load(layer, BackendProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList());
    }

    /** A selector over the providers that {@link ServiceLoader} finds from the api's own layer or class path. */
    public static BackendSelector installed() {
        ModuleLayer layer = BackendSelector.class.getModule().getLayer();
        return layer != null
                ? of(layer)
                : new BackendSelector(ServiceLoader.load(BackendProvider.class).stream()
                        .map(ServiceLoader.Provider::get)
                        .toList());
    }

    /** All providers, highest priority first. */
    public List<BackendProvider> providers() {
        return providers;
    }

    /** What was measured of a backend: from which length on sparse prefill pays. */
    public SparseCrossover crossover(String backend) {
        return new SparseCrossover(
                backend,
                providers.stream()
                        .filter(provider -> provider.name().equals(backend))
                        .map(BackendProvider::sparsePrefillFrom)
                        .findFirst()
                        .orElse(OptionalLong.empty()));
    }

    /**
     * The backend that a request will most likely get: the named one, or the first that says it is available. Nothing is
     * opened, so a refusal of plans, which would pass on to the next, is not foreseen.
     */
    public Optional<String> likely(BackendRequest request) {
        if (request.name().isPresent()) {
            return request.name();
        }
        return candidates(request, new LinkedHashMap<>()).stream()
                .filter(provider -> probe(provider) instanceof Probe.Available available && !softwareOnly(available))
                .map(BackendProvider::name)
                .findFirst();
    }

    /** A provider's probe, with version mismatch as a reason. */
    public static Probe probe(BackendProvider provider) {
        if (provider.spiVersion() != BackendProvider.SPI_VERSION) {
            return new Probe.Unavailable(List.of(Reason.of(
                    Reason.Kind.VERSION,
                    "it was built for SPI version " + provider.spiVersion() + ", this is "
                            + BackendProvider.SPI_VERSION)));
        }
        return provider.probe();
    }

    /**
     * Chooses and opens.
     *
     * @param request what the config asks for
     * @param plans everything that must run
     * @return the open backend and why it was chosen
     * @throws NoBackendException if none serves all plans, with every backend's reasons
     * @throws IllegalArgumentException if a backend option is unknown or out of range
     */
    public Selection select(BackendRequest request, List<Plan> plans) {
        Map<String, List<Reason>> refused = new LinkedHashMap<>();
        for (BackendProvider provider : candidates(request, refused)) {
            Probe probe = probe(provider);
            if (probe instanceof Probe.Unavailable(List<Reason> reasons)) {
                refused.put(provider.name(), reasons);
                continue;
            }
            List<Reason> reasons = new ArrayList<>();
            Backend backend = open(provider, request, (Probe.Available) probe, reasons);
            if (backend != null) {
                plans.forEach(plan -> reasons.addAll(backend.refusals(plan)));
                if (reasons.isEmpty()) {
                    return new Selection(backend, Refusals.selected(request, backend, refused));
                }
                backend.close();
            }
            refused.put(provider.name(), reasons.stream().distinct().toList());
        }
        throw new NoBackendException(Refusals.none(request, names(), refused));
    }

    private List<String> names() {
        return providers.stream().map(BackendProvider::name).toList();
    }

    private List<BackendProvider> candidates(BackendRequest request, Map<String, List<Reason>> refused) {
        List<String> wanted = request.name().map(List::of).orElse(request.order());
        if (wanted.isEmpty()) {
            return providers;
        }
        List<BackendProvider> chosen = new ArrayList<>();
        for (String name : wanted) {
            List<BackendProvider> found =
                    providers.stream().filter(p -> p.name().equals(name)).toList();
            if (found.isEmpty()) {
                refused.put(
                        name,
                        List.of(Reason.of(
                                Reason.Kind.NOT_BUILT,
                                "no backend of that name is on the module path",
                                request.configKey())));
            }
            chosen.addAll(found);
        }
        return chosen;
    }

    private static boolean softwareOnly(Probe.Available probe) {
        return !probe.devices().isEmpty()
                && probe.devices().stream().allMatch(device -> device.kind() == DeviceInfo.Kind.SOFTWARE_GPU);
    }

    private static @org.jspecify.annotations.Nullable Backend open(
            BackendProvider provider, BackendRequest request, Probe.Available probe, List<Reason> reasons) {
        if (softwareOnly(probe) && request.name().isEmpty()) {
            reasons.add(Reason.of(
                    Reason.Kind.DEVICE,
                    "only the software device " + probe.devices().getFirst() + " is present, which runs by name alone",
                    request.configKey()));
            return null;
        }
        try {
            // Options belong to the named backend; automatic choice hands a backend only the keys it knows.
            Map<String, String> values = new LinkedHashMap<>(request.options().values());
            if (request.name().isEmpty()) {
                values.keySet().retainAll(provider.optionKeys());
            }
            return provider.open(new dev.filigree.api.backend.BackendOptions(values));
        } catch (BackendException e) {
            reasons.add(Reason.of(Reason.Kind.DEVICE, String.valueOf(e.getMessage())));
            return null;
        }
    }
}
