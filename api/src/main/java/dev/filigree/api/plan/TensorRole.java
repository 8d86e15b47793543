package dev.filigree.api.plan;

/** Who owns a tensor of a plan, and who may write it. */
public enum TensorRole {
    /** Bound by the caller, only read. */
    INPUT,
    /** Bound by the caller, only read, the same for every run: checkpoint weights and tables. */
    WEIGHT,
    /** Bound by the caller, read and written, keeps its content between runs: KV pages. */
    STATE,
    /** Bound by the caller, written. */
    OUTPUT,
    /** Lives in the workspace during one run. */
    TEMP
}
