package dev.filigree.cuda.driver;

import dev.filigree.cuda.launch.DeviceTraits;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;

/** The driver of this machine: initialised once, asked what devices there are. */
public final class CudaDriver {
    private final FastCalls calls;
    private final int version;

    private CudaDriver(FastCalls calls, int version) {
        this.calls = calls;
        this.version = version;
    }

    /**
     * Loads the native library and initialises the driver. May throw any Throwable where there is none: the binding's class
     * initialisers load it.
     *
     * @throws CudaException if the driver refuses
     */
    public static CudaDriver load() {
        FastCalls calls = new FastCalls();
        JCudaDriver.setExceptionsEnabled(false);
        Check.ok(JCudaDriver.cuInit(0), "cuInit");
        int[] version = new int[1];
        Check.ok(JCudaDriver.cuDriverGetVersion(version), "cuDriverGetVersion");
        return new CudaDriver(calls, version[0]);
    }

    /** Every device, in the driver's order. */
    public List<DeviceTraits> devices() {
        int[] count = new int[1];
        Check.ok(JCudaDriver.cuDeviceGetCount(count), "cuDeviceGetCount");
        List<DeviceTraits> devices = new ArrayList<>();
        for (int ordinal = 0; ordinal < count[0]; ordinal++) {
            devices.add(traits(ordinal));
        }
        return devices;
    }

    /** Opens a device. */
    public CudaContext open(DeviceTraits device) {
        return new CudaContext(calls, device, device(device.ordinal()));
    }

    private static CUdevice device(int ordinal) {
        CUdevice device = new CUdevice();
        Check.ok(JCudaDriver.cuDeviceGet(device, ordinal), "cuDeviceGet");
        return device;
    }

    private DeviceTraits traits(int ordinal) {
        CUdevice device = device(ordinal);
        byte[] name = new byte[256];
        Check.ok(JCudaDriver.cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
        long[] memory = new long[1];
        Check.ok(JCudaDriver.cuDeviceTotalMem(memory, device), "cuDeviceTotalMem");
        return new DeviceTraits(
                ordinal,
                new String(name, StandardCharsets.US_ASCII).trim(),
                attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
                attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
                attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
                attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
                memory[0],
                version / 1000 + "." + version % 1000 / 10);
    }

    private static int attribute(CUdevice device, int attribute) {
        int[] value = new int[1];
        Check.ok(JCudaDriver.cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute");
        return value[0];
    }
}
