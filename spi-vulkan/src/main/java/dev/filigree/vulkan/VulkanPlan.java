package dev.filigree.vulkan;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.plan.Axes;
import dev.filigree.api.plan.Dim;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.WorkspaceLayout;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.vulkan.device.Allocation;
import dev.filigree.vulkan.launch.Launch;
import dev.filigree.vulkan.launch.Operand;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A plan whose commands are recorded once. Every launch reads its parameters from its block of one small shared
 * buffer; a run writes addresses and extents there and submits the recording again.
 */
final class VulkanPlan implements PreparedPlan {
    private static final int DESCRIPTOR_BYTES = 48;

    /** A place that takes an address and the outermost extent in each run; extentAt -1 where only the address is. */
    private record Slot(int at, int extentAt, Operand operand) {}

    private final VulkanBackend backend;
    private final Plan plan;
    private final List<String> kernelIds;
    private final WorkspaceLayout layout;
    private final int[] blocks;
    private final List<Slot> slotList = new ArrayList<>();
    private final List<int[]> scratchList = new ArrayList<>();
    private final Slot[] slots;
    private final int[][] scratchSlots;
    private final Allocation params;
    private final ByteBuffer bytes;
    private final Recording recording;
    private boolean closed;

    VulkanPlan(VulkanBackend backend, Plan plan, List<Launch> launches, List<String> kernelIds) {
        this.backend = backend;
        this.plan = plan;
        this.kernelIds = List.copyOf(kernelIds);
        layout = WorkspaceLayout.of(
                plan, launches.stream().mapToLong(Launch::scratchBytes).max().orElse(0));
        blocks = new int[launches.size()];
        int end = 0;
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = end;
            end += blockBytes(launches.get(i));
        }
        params = Allocation.parameters(backend.vulkanDevice(), end + (long) Recording.TALLY_BYTES * blocks.length);
        bytes = params.bytes();
        MemorySegment.ofBuffer(bytes).fill((byte) 0); // what a launch is not given is 0
        for (int i = 0; i < blocks.length; i++) {
            write(launches.get(i), blocks[i]);
        }
        slots = slotList.toArray(Slot[]::new);
        scratchSlots = scratchList.toArray(int[][]::new);
        recording = new Recording(backend, launches, blocks, params, end, largest(plan));
    }

    private static int blockBytes(Launch launch) {
        int size = launch.shader().sizeBytes();
        for (List<Operand> list : launch.lists().values()) {
            size += DESCRIPTOR_BYTES * list.size();
        }
        for (int[] table : launch.tables().values()) {
            size += (4 * table.length + 7) / 8 * 8;
        }
        return (size + 15) / 16 * 16;
    }

    /** Writes what stays the same in every run, and notes what does not. */
    private void write(Launch launch, int block) {
        var shader = launch.shader();
        launch.numbers().forEach((name, value) -> bytes.putInt(block + shader.offset(name), value));
        launch.operands()
                .forEach((name, operand) ->
                        tensor(operand, block + shader.offset(name + "_AT"), block + shader.offset(name + "_N0")));
        launch.scratches()
                .forEach((name, offset) ->
                        scratchList.add(new int[] {block + shader.offset(name), Math.toIntExact(offset)}));
        int next = block + shader.sizeBytes();
        for (var list : launch.lists().entrySet()) {
            bytes.putLong(block + shader.offset(list.getKey()), params.address() + next);
            for (Operand operand : list.getValue()) {
                tensor(operand, next, next + 8);
                bytes.putInt(next + 40, operand.decl().dtype().ordinal());
                next += DESCRIPTOR_BYTES;
            }
        }
        for (var table : launch.tables().entrySet()) {
            bytes.putLong(block + shader.offset(table.getKey()), params.address() + next);
            for (int i = 0; i < table.getValue().length; i++) {
                bytes.putInt(next + 4 * i, table.getValue()[i]);
            }
            next += (4 * table.getValue().length + 7) / 8 * 8;
        }
    }

    private void tensor(Operand operand, int at, int extents) {
        TensorDecl decl = operand.decl();
        for (int axis = 0; axis < 4; axis++) {
            boolean there = axis < decl.rank();
            bytes.putInt(extents + 4 * axis, there ? (int) decl.capacity(axis) : 1);
            bytes.putInt(
                    extents + 16 + 4 * axis, there ? (int) (long) decl.strides().step(axis) : 0);
        }
        slotList.add(new Slot(at, extents, operand));
    }

    private static Axes largest(Plan plan) {
        Map<String, Long> sizes = new HashMap<>();
        for (TensorDecl decl : plan.tensors().all()) {
            decl.dims().stream().filter(Dim::variable).forEach(dim -> sizes.merge(dim.axis(), dim.size(), Math::max));
        }
        return axis -> sizes.getOrDefault(axis, 0L);
    }

    @Override
    public Plan plan() {
        return plan;
    }

    @Override
    public long workspaceBytes() {
        return layout.totalBytes();
    }

    @Override
    public List<String> kernelIds() {
        return kernelIds;
    }

    @Override
    public void run(ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace) {
        VulkanBuffer space = VulkanBuffer.of(workspace);
        layout.requireFits(plan, workspace);
        for (Slot slot : slots) {
            address(slot.operand(), bindings, space); // throws before anything changed
        }
        recording.await();
        for (Slot slot : slots) {
            bytes.putLong(slot.at(), address(slot.operand(), bindings, space));
            bytes.putInt(
                    slot.extentAt(), (int) slot.operand().decl().dims().get(0).extent(bindings));
        }
        for (int[] slot : scratchSlots) {
            bytes.putLong(slot[0], space.address() + layout.scratchOffset() + slot[1]);
        }
        ((VulkanStream) stream).submitted(recording.submit(bindings, bytes));
    }

    private long address(Operand operand, RunBindings bindings, VulkanBuffer space) {
        TensorDecl decl = operand.decl();
        if (operand.scratchOffset() >= 0) {
            return space.address() + layout.scratchOffset() + operand.scratchOffset();
        }
        if (decl.role() == TensorRole.TEMP) {
            return space.address() + Objects.requireNonNull(layout.offsets().get(decl.ref()));
        }
        long address = VulkanBuffer.of(bindings.buffer(decl.ref())).address() + bindings.offsetBytes(decl.ref());
        int size = Math.max(1, decl.dtype().bits() / 8);
        if (address % size != 0) {
            throw new PlanException("tensor " + decl + " must start at a multiple of " + size + " bytes, not at byte "
                    + bindings.offsetBytes(decl.ref()));
        }
        return address;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            recording.close();
            params.close();
        }
    }
}
