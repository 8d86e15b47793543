package dev.filigree.vulkan.device;

import dev.filigree.api.backend.BackendException;

/** The device stopped answering: everything on it is lost, and the backend has to be opened again. */
public final class DeviceLostException extends BackendException {
    private static final long serialVersionUID = 1L;

    DeviceLostException(String call) {
        super(
                "vulkan: the device was lost in " + call
                        + "; close the backend and open it again, and look for a reset in the system log",
                null);
    }
}
