package dev.filigree.vulkan;

import dev.filigree.api.plan.Axes;
import dev.filigree.vulkan.device.Allocation;
import dev.filigree.vulkan.device.Commands;
import dev.filigree.vulkan.device.Device;
import dev.filigree.vulkan.device.Pipelines;
import dev.filigree.vulkan.launch.Launch;
import dev.filigree.vulkan.launch.Shader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The launches of a plan as command buffers that every run submits again. A launch that may take long is a command buffer of its
 * own: one slice of its work groups, and a step on the device that moves on to the next. A run submits it as many times as its size
 * needs, so that no dispatch holds the device for long: drivers end those that do, and a screen would stand still.
 *
 * <p>How many work groups a launch has stands in its tally: x, y, z, the first of the slice, groups of a slice, groups in all.
 */
final class Recording implements AutoCloseable {
    /** Bytes of a tally. */
    static final int TALLY_BYTES = 32;

    private static final int MOST_X = 32768;
    private static final Shader NEXT_SLICE = Shader.of("shared/next_slice");

    /** A command buffer; the launch it repeats, or -1. */
    private record Part(Commands commands, int sliced) {}

    private final Device device;
    private final Launch[] launches;
    private final int talliesAt;
    private final Part[] parts;
    private final int[] times;
    private Commands last;

    /**
     * Records.
     *
     * @param blocks where each launch's parameters lie in {@code params}
     * @param talliesAt where the tallies lie there
     * @param largest the largest extents that a run may have
     */
    Recording(
            VulkanBackend backend,
            List<Launch> launches,
            int[] blocks,
            Allocation params,
            int talliesAt,
            Axes largest) {
        device = backend.vulkanDevice();
        this.launches = launches.toArray(Launch[]::new);
        this.talliesAt = talliesAt;
        List<Part> made = new ArrayList<>();
        Commands open = new Commands(device).begin(false);
        for (int i = 0; i < blocks.length; i++) {
            boolean sliced = slice(launches.get(i), largest) < groups(launches.get(i), largest);
            if (sliced) {
                made.add(new Part(open.end(), -1));
                open = new Commands(device).begin(true);
            }
            dispatch(backend, open, launches.get(i), params, blocks[i], talliesAt + TALLY_BYTES * i);
            if (sliced) {
                next(backend.pipelines(), open, params, talliesAt + TALLY_BYTES * i);
                made.add(new Part(open.end(), i));
                open = new Commands(device).begin(false);
            }
        }
        made.add(new Part(open.end(), -1));
        parts = made.toArray(Part[]::new);
        times = new int[launches.size()];
        last = open;
    }

    private void dispatch(
            VulkanBackend backend, Commands commands, Launch launch, Allocation params, int block, int tally) {
        var key = new Pipelines.Key(
                launch.shader().path(),
                launch.constants(device.lanes(), device.physical().subgroupSize()));
        long pipeline = backend.pipelines().get(key, launch.shader().spirv());
        commands.dispatch(backend.pipelines(), pipeline, params.address() + block, params, tally);
    }

    private static void next(Pipelines pipelines, Commands commands, Allocation params, int tally) {
        long pipeline = pipelines.get(new Pipelines.Key(NEXT_SLICE.path(), List.of(1)), NEXT_SLICE.spirv());
        commands.dispatchOne(pipelines, pipeline, params, tally);
    }

    private long groups(Launch launch, Axes axes) {
        return launch.numGroups(axes, device.lanes());
    }

    /** Work groups of a slice; a whole number of rows of the grid if there is more than one. */
    private long slice(Launch launch, Axes axes) {
        long groups = groups(launch, axes);
        long slice =
                Math.clamp(device.sliceOperations() / Math.max(1, launch.operations(axes)), 1, Math.max(1, groups));
        return slice <= MOST_X || slice == groups ? slice : slice / MOST_X * MOST_X;
    }

    /** Writes how much a run does, then submits all of it. */
    Commands submit(Axes axes, ByteBuffer params) {
        for (int i = 0; i < launches.length; i++) {
            long groups = groups(launches[i], axes);
            long slice = slice(launches[i], axes);
            times[i] = (int) Math.ceilDiv(groups, slice);
            int at = talliesAt + TALLY_BYTES * i;
            long now = Math.min(groups, slice);
            params.putInt(at, (int) Math.min(now, MOST_X));
            params.putInt(at + 4, (int) Math.ceilDiv(now, MOST_X));
            params.putInt(at + 8, 1);
            params.putInt(at + 12, 0);
            params.putInt(at + 16, (int) slice);
            params.putInt(at + 20, (int) groups);
        }
        for (Part part : parts) {
            int count = part.sliced() < 0 ? 1 : times[part.sliced()];
            for (int n = 0; n < count; n++) {
                part.commands().submit();
            }
        }
        return last;
    }

    /** Waits for what was submitted. */
    void await() {
        last.await();
    }

    @Override
    public void close() {
        for (Part part : parts) {
            part.commands().close();
        }
    }
}
