package dev.filigree.api.backend;

import java.util.List;

/** Whether a backend can be opened here. */
public sealed interface Probe {

    /**
     * It can.
     *
     * @param devices what it would run on, the default first
     */
    record Available(List<DeviceInfo> devices) implements Probe {
        /** Copies the list. */
        public Available {
            devices = List.copyOf(devices);
        }
    }

    /**
     * It cannot.
     *
     * @param reasons at least one
     */
    record Unavailable(List<Reason> reasons) implements Probe {
        /** Copies the list and checks that it says something. */
        public Unavailable {
            reasons = List.copyOf(reasons);
            if (reasons.isEmpty()) {
                throw new IllegalArgumentException("an unavailable backend needs at least one reason");
            }
        }
    }
}
