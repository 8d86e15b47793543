package dev.filigree.api.backend;

import java.util.List;

/** A backend's answer for one op. Support means that the kernel chooser found a kernel; the two are one function. */
public sealed interface Support {

    /**
     * The op runs.
     *
     * @param kernelId every compile-time choice of the chosen kernel, readable
     * @param scratchBytes workspace the kernel needs for itself, beyond the plan's temporaries
     */
    record Supported(String kernelId, long scratchBytes) implements Support {}

    /**
     * The op does not run.
     *
     * @param reasons at least one
     */
    record Unsupported(List<Reason> reasons) implements Support {
        /** Copies the list and checks that it says something. */
        public Unsupported {
            reasons = List.copyOf(reasons);
            if (reasons.isEmpty()) {
                throw new IllegalArgumentException("an unsupported op needs at least one reason");
            }
        }
    }

    /** An op that runs without scratch. */
    static Support yes(String kernelId) {
        return new Supported(kernelId, 0);
    }

    /** An op that runs with scratch. */
    static Support yes(String kernelId, long scratchBytes) {
        return new Supported(kernelId, scratchBytes);
    }

    /** An op that does not run. */
    static Support no(Reason... reasons) {
        return new Unsupported(List.of(reasons));
    }
}
