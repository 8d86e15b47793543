package dev.filigree.cuda;

import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.WorkspaceLayout;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.cuda.driver.CudaContext;
import dev.filigree.cuda.driver.CudaException;
import dev.filigree.cuda.driver.CudaStreamHandle;
import dev.filigree.cuda.driver.Recording;
import dev.filigree.cuda.driver.TensorMaps;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Field;
import dev.filigree.cuda.launch.Launch;
import dev.filigree.cuda.ops.Fusion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A plan as one recording of launches. Buffers and extents reach kernels through the tensor table, so a run is at most one copy
 * of what changed in it and one launch of the recording. The recording is made again only when scratch moves.
 */
final class CudaPreparedPlan implements PreparedPlan {
    private final Plan plan;
    private final CudaContext context;
    private final CudaScope scope;
    private final boolean synchronous;
    private final WorkspaceLayout layout;
    private final TensorTable table;
    private final long tableAddress;
    private final List<Step> steps = new ArrayList<>();
    private final List<String> kernelIds = new ArrayList<>();
    private final Map<Arg, Long> constants = new HashMap<>();
    private final Arena arena = Arena.ofShared();
    private final StructWriter structs;
    private final boolean usesScratch;
    private @Nullable Recording recording;
    private long recordedScratch = -1;
    private @Nullable CudaStream lastStream;
    private boolean closed;

    CudaPreparedPlan(Plan plan, List<Fusion.Step> fused, CudaContext context, boolean synchronous) {
        this.plan = plan;
        this.context = context;
        this.synchronous = synchronous;
        long scratch = 0;
        for (Fusion.Step step : fused) {
            scratch = Math.max(scratch, step.choice().scratchBytes());
            kernelIds.add(step.choice().kernelId());
        }
        layout = WorkspaceLayout.of(plan, scratch);
        table = new TensorTable(plan, layout, arena);
        structs = new StructWriter(table, new TensorMaps(context, arena), constants);
        scope = new CudaScope(context, Long.MAX_VALUE);
        tableAddress = allocate(table.sizeBytes());
        for (Fusion.Step step : fused) {
            for (Launch launch : step.choice().launches()) {
                launch.args().forEach(this::addConstant);
                steps.add(new Step(step.opName(), launch, context, arena));
            }
        }
        usesScratch = steps.stream().anyMatch(Step::usesScratch);
    }

    private long allocate(long bytes) {
        return CudaBuffer.address(scope.allocate(bytes), 0, bytes);
    }

    /** Puts an argument's integers into device memory. */
    private void addConstant(Arg arg) {
        int[] values = switch (arg) {
            case Arg.IntsArg(var list) ->
                list.stream().mapToInt(Integer::intValue).toArray();
            case Arg.TensorsArg(var refs) ->
                refs.stream().mapToInt(table::index).toArray();
            default -> null;
        };
        if (arg instanceof Arg.StructArg(int bytes, var fields)) {
            fields.forEach(field -> {
                if (field instanceof Field.IntsField(int offset, var list)) {
                    addConstant(new Arg.IntsArg(list));
                }
            });
        }
        if (values == null || constants.containsKey(arg)) {
            return;
        }
        long address = allocate(Math.max(1, 4L * values.length));
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment copy = temporary.allocate(Math.max(1, 4L * values.length), 16);
            MemorySegment.copy(values, 0, copy, ValueLayout.JAVA_INT, 0, values.length);
            context.upload(copy, address);
        }
        constants.put(arg, address);
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
        return List.copyOf(kernelIds);
    }

    @Override
    public void run(ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace) {
        layout.requireFits(plan, workspace);
        if (closed) {
            throw new IllegalStateException("plan " + plan.name() + " is closed");
        }
        if (!(stream instanceof CudaStream target)) {
            throw new IllegalArgumentException("stream belongs to another backend");
        }
        long base = CudaBuffer.address(workspace, 0, layout.totalBytes());
        table.point(bindings, base);
        context.makeCurrent();
        if (lastStream != null && lastStream != target) {
            target.handle().waitFor(lastStream.handle());
        }
        lastStream = target;
        boolean changed = table.upload(target.handle(), tableAddress);
        target.enqueued(plan.name());
        long scratch = usesScratch ? base + layout.scratchOffset() : 0;
        if (scratch != recordedScratch) {
            fill(scratch);
        } else if (changed) {
            refresh(scratch);
        }
        if (synchronous) {
            runOneByOne(target.handle());
        } else {
            target.handle().launch(recorded());
        }
    }

    /** Writes the parameters of all launches, which belong to one place of scratch. */
    private void fill(long scratch) {
        steps.forEach(step -> step.fill(arg -> switch (arg) {
            case Arg.TensorArg(var ref) -> tableAddress + (long) TensorTable.ENTRY_BYTES * table.index(ref);
            case Arg.TableArg() -> tableAddress;
            case Arg.ScratchArg() -> scratch;
            case Arg.NullArg() -> 0;
            default -> constants.getOrDefault(arg, 0L);
        }));
        steps.forEach(step -> step.fillStruct(structs, scratch));
        recordedScratch = scratch;
        if (recording != null) {
            recording.close();
            recording = null;
        }
    }

    /** Writes structures again whose addresses or extents are other ones now. */
    private void refresh(long scratch) {
        Recording current = recording;
        for (int i = 0; i < steps.size(); i++) {
            if (steps.get(i).fillStruct(structs, scratch) && current != null) {
                current.update(i);
            }
        }
    }

    private Recording recorded() {
        Recording current = recording;
        if (current == null) {
            current = new Recording(context, steps.stream().map(Step::call).toList());
            recording = current;
        }
        return current;
    }

    private void runOneByOne(CudaStreamHandle stream) {
        for (Step step : steps) {
            try {
                stream.launch(step.call());
                stream.synchronize();
            } catch (CudaException e) {
                throw new CudaException(step.opName() + " of plan " + plan.name(), e);
            }
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (recording != null) {
                recording.close();
            }
            scope.close();
            arena.close();
        }
    }
}
