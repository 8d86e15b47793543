package dev.filigree.host.quantize.steps;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Where the time of a group goes, by kind of work. Kinds do not contain each other. Not thread-safe. */
final class Profile {
    private final Map<String, Long> nanos = new TreeMap<>();

    /** Does some work and adds its time to that of its kind. */
    <T> T of(String kind, Supplier<T> work) {
        long start = System.nanoTime();
        try {
            return work.get();
        } finally {
            nanos.merge(kind, System.nanoTime() - start, Long::sum);
        }
    }

    /** Seconds by kind, the most first. */
    Map<String, Double> seconds() {
        Map<String, Double> seconds = new LinkedHashMap<>();
        nanos.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .forEach(entry -> seconds.put(entry.getKey(), entry.getValue() * 1e-9));
        return seconds;
    }
}
