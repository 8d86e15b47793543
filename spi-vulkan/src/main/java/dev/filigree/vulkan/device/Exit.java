package dev.filigree.vulkan.device;

import static org.lwjgl.vulkan.VK10.vkDeviceWaitIdle;

import dev.filigree.api.backend.BackendException;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.lwjgl.vulkan.VkDevice;

/**
 * Keeps an exiting virtual machine from taking the driver away under a call. A driver's own exit code runs when the process
 * ends; it faults if another thread is inside the driver then, or the device still works. So a hook turns new calls away, waits for
 * those inside to leave and for the device to become idle.
 */
final class Exit implements AutoCloseable {
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
    private final Thread hook;
    private volatile boolean exiting;

    /** Watches over a device until closed. */
    Exit(VkDevice device) {
        hook = new Thread(() -> run(device), "vulkan-exit");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    @SuppressWarnings("LockNotBeforeTry") // it is never given back
    private void run(VkDevice device) {
        exiting = true;
        gate.writeLock().lock();
        vkDeviceWaitIdle(device);
    }

    /** Enters the driver; fails once the virtual machine exits. */
    void enter() {
        if (!enters()) {
            throw new BackendException("vulkan: the virtual machine exits; nothing is submitted any more", null);
        }
    }

    /** Enters the driver, or returns false once the virtual machine exits: what is left on the device then ends with the process. */
    boolean enters() {
        return !exiting && gate.readLock().tryLock();
    }

    /** Leaves the driver. */
    void leave() {
        gate.readLock().unlock();
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the hook runs already
        }
    }
}
