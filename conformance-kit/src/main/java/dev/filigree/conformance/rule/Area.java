package dev.filigree.conformance.rule;

/** What a rule is about: the hundreds of its number. */
public enum Area {
    /** Tensors and plans. */
    TENSORS(1, "tensors and plans"),
    /** Dense and streaming attention over contiguous keys. */
    ATTENTION(2, "attention"),
    /** Attention over chosen blocks. */
    BLOCK_SPARSE(3, "block-sparse attention"),
    /** Attention over cache pages. */
    PAGED(4, "paged attention"),
    /** Merging of attention states. */
    MERGE(5, "merging"),
    /** Choosing blocks and pages. */
    SELECTION(6, "selection"),
    /** The KV cache. */
    KV(7, "KV cache"),
    /** Linear layers. */
    LINEAR(8, "linear layers"),
    /** The rest of a transformer. */
    TRANSFORMER(9, "transformer"),
    /** Buffers, scopes, workspaces. */
    MEMORY(10, "memory"),
    /** Providers, backends, streams, prepared plans. */
    CONTRACT(11, "backend contract"),
    /** Attention policies on a backend. */
    POLICY(12, "policies");

    private final int hundreds;
    private final String title;

    Area(int hundreds, String title) {
        this.hundreds = hundreds;
        this.title = title;
    }

    /** The area of a rule's number. */
    static Area of(int number) {
        for (Area area : values()) {
            if (area.hundreds == number / 100) {
                return area;
            }
        }
        throw new IllegalArgumentException("no area has rules numbered " + number);
    }

    /** The name for people. */
    public String title() {
        return title;
    }
}
