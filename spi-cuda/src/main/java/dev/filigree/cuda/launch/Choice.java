package dev.filigree.cuda.launch;

import dev.filigree.api.backend.Reason;
import dev.filigree.api.backend.Support;
import java.util.List;

/** What a chooser says of an op: the launches that do it, or why there are none. */
public sealed interface Choice {

    /**
     * The op runs.
     *
     * @param kernelId see docs/kernel-names.md
     * @param scratchBytes of the step, none of which needs to hold anything before
     * @param launches in order
     */
    record Chosen(String kernelId, long scratchBytes, List<Launch> launches) implements Choice {
        /** Copies the list. */
        public Chosen {
            launches = List.copyOf(launches);
        }
    }

    /** The op does not run. */
    record Refused(List<Reason> reasons) implements Choice {
        /** Copies the list. */
        public Refused {
            reasons = List.copyOf(reasons);
        }
    }

    /** Launches without scratch; the first names the kernel. */
    static Choice of(Launch... launches) {
        return withScratch(0, launches);
    }

    /** Launches with scratch; the first names the kernel. */
    static Choice withScratch(long scratchBytes, Launch... launches) {
        return new Chosen(launches[0].symbol(), scratchBytes, List.of(launches));
    }

    /** The same answer in the SPI's words. */
    default Support support() {
        return switch (this) {
            case Chosen chosen -> Support.yes(chosen.kernelId(), chosen.scratchBytes());
            case Refused refused -> new Support.Unsupported(refused.reasons());
        };
    }
}
