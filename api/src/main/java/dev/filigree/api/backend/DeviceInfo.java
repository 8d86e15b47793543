package dev.filigree.api.backend;

import dev.filigree.api.tensor.DType;
import java.util.Set;

/**
 * What a backend runs on. Storage and compute types are separate: 4-bit storage with 8-bit compute is common.
 *
 * @param name of the device, for people
 * @param kind what it is
 * @param detail one phrase: driver, lanes, threads
 * @param memoryBytes memory that tensors can take, as far as known
 * @param storageTypes dtypes whose tensors kernels can read and write
 * @param computeTypes dtypes that products are computed in
 */
public record DeviceInfo(
        String name, Kind kind, String detail, long memoryBytes, Set<DType> storageTypes, Set<DType> computeTypes) {

    /** What a device is. */
    public enum Kind {
        /** A processor computing in host memory. */
        CPU,
        /** A graphics card. */
        GPU,
        /** A software rendition of a graphics card; never chosen by itself. */
        SOFTWARE_GPU
    }

    /** Copies the sets. */
    public DeviceInfo {
        storageTypes = Set.copyOf(storageTypes);
        computeTypes = Set.copyOf(computeTypes);
    }

    @Override
    public String toString() {
        return name + " (" + detail + ")";
    }
}
