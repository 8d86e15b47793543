package dev.filigree.conformance.cases;

/** How much of the kit runs. Each tier contains the ones before it. */
public enum Tier {
    /** A first answer in seconds. */
    SMOKE,
    /** Every rule, every op, every dtype: what a build runs. */
    CORE,
    /** More sizes, large offsets, fresh seeds for every case. */
    FULL
}
