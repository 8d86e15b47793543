package dev.filigree.conformance.profile;

import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.conformance.cases.ConformanceCase;
import dev.filigree.conformance.rule.Area;
import dev.filigree.conformance.rule.Rule;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A part of the kit under one name, so that a backend of few ops can claim exactly what it has. Every profile holds the
 * rules of tensors, plans, memory and the backend contract.
 */
public enum Profile {
    /** Dense and streaming attention over contiguous keys, and merging. */
    ATTENTION_CORE(Set.of("DenseAttention", "StreamingAttention", "MergeStates")),
    /** Choosing blocks and pages, and attention over what was chosen. */
    SPARSE(Set.of(
            "BlockSparseAttention",
            "AntidiagonalScore",
            "BlockSelect",
            "PageScore",
            "PageSelect",
            "PagedAttention",
            "PageStats",
            "MergeStates")),
    /** Cache pages in 32 and 16 bits: append, gather, evict, copy, and attention over them. */
    KV_CORE(Set.of("KvAppend", "KvDequantize", "KvEvict", "KvCopy", "PagedAttention")),
    /** Cache pages in 8 and 4 bits. */
    KV_QUANTIZED(Set.of("KvAppend", "KvDequantize", "KvEvict", "KvCopy", "PagedAttention")),
    /** Low-bit linear layers with their low-rank branch and adapters. */
    QUANT_LINEAR(Set.of("Linear", "ActivationQuantize", "LowBitLinear", "LowRankDown", "LowRankUp", "LoraApply")),
    /** No case of a backend: the policies that a run names, and nothing else. */
    POLICIES(Set.of()),
    /** Everything. */
    FULL(Set.of());

    private static final Set<Area> EVERYWHERE = Set.of(Area.TENSORS, Area.MEMORY, Area.CONTRACT);
    private static final Set<Rule> OF_CODES = Set.of(Rule.R407, Rule.R707, Rule.R710);

    private final Set<String> ops;

    Profile(Set<String> ops) {
        this.ops = ops;
    }

    /** The name on command lines, such as {@code kv-core}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * A profile by name.
     *
     * @throws IllegalArgumentException naming the accepted ones
     */
    public static Profile of(String id) {
        return Arrays.stream(values())
                .filter(profile -> profile.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("profile must be one of "
                        + Arrays.stream(values()).map(Profile::id).collect(Collectors.joining(", ")) + ", not " + id));
    }

    /** Whether a case belongs to it. */
    public boolean holds(ConformanceCase one) {
        if (this == POLICIES) {
            return false;
        }
        if (this == FULL || EVERYWHERE.contains(one.rule().area())) {
            return true;
        }
        return ops.contains(one.op())
                && switch (this) {
                    case KV_CORE -> !quantized(one);
                    case KV_QUANTIZED -> quantized(one) || one.params().values().get("storage") == null;
                    default -> true;
                };
    }

    /** Its part of some cases, in their order. */
    public List<ConformanceCase> of(List<ConformanceCase> cases) {
        return cases.stream().filter(this::holds).toList();
    }

    // Rules about codes are about both kinds of pages; then the storage of the case decides.
    private static boolean quantized(ConformanceCase one) {
        String storage = one.params().values().get("storage");
        if (storage == null) {
            return OF_CODES.contains(one.rule());
        }
        Set<String> stored = new HashSet<>(List.of(storage.split("\\+")));
        return Arrays.stream(KvPrecision.values())
                .filter(KvPrecision::isQuantized)
                .anyMatch(precision -> stored.contains(precision.id()));
    }
}
