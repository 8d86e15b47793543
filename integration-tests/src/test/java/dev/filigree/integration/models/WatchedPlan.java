package dev.filigree.integration.models;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DeviceBuffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A plan cut after every selection. Its temporaries have buffers of their own, so that they outlive the cuts and the lists
 * can be read before the next layer writes over them.
 */
final class WatchedPlan implements PreparedPlan {
    private final Plan plan;
    private final List<Selection> selections;
    private final List<PreparedPlan> parts = new ArrayList<>();
    private final List<String> kernelIds = new ArrayList<>();
    private final Map<TensorRef, DeviceBuffer> temporaries = new HashMap<>();
    private final BufferScope scope;

    WatchedPlan(Backend backend, Plan plan, List<Selection> selections) {
        this.plan = plan;
        this.selections = selections;
        scope = backend.openScope();
        List<TensorDecl> decls = new ArrayList<>();
        for (TensorDecl decl : plan.tensors().all()) {
            boolean temporary = decl.role() == TensorRole.TEMP;
            decls.add(temporary ? decl.as(decl.ref(), TensorRole.OUTPUT) : decl);
            if (temporary) {
                temporaries.put(decl.ref(), scope.allocate(decl.capacityBytes()));
            }
        }
        Tensors tensors = new Tensors(decls);
        List<Op> part = new ArrayList<>();
        for (int i = 0; i < plan.ops().size(); i++) {
            Op op = plan.ops().get(i);
            part.add(op);
            if (isSelection(op) || i == plan.ops().size() - 1) {
                parts.add(backend.prepare(new Plan(plan.name() + "." + parts.size(), tensors, part)));
                kernelIds.addAll(parts.getLast().kernelIds());
                part.clear();
            }
        }
    }

    private static boolean isSelection(Op op) {
        return op instanceof BlockSelect || op instanceof PageSelect;
    }

    @Override
    public Plan plan() {
        return plan;
    }

    @Override
    public long workspaceBytes() {
        return parts.stream().mapToLong(PreparedPlan::workspaceBytes).max().orElse(0);
    }

    @Override
    public List<String> kernelIds() {
        return kernelIds;
    }

    @Override
    public void run(ExecutionStream stream, RunBindings bindings, DeviceBuffer workspace) {
        for (PreparedPlan part : parts) {
            RunBindings all = new RunBindings(part.plan());
            plan.variableAxes().forEach(axis -> all.axis(axis, bindings.value(axis)));
            for (TensorDecl decl : plan.tensors().all()) {
                TensorRef ref = decl.ref();
                if (decl.role() == TensorRole.TEMP) {
                    all.bind(ref, temporaries.get(ref));
                } else {
                    all.bind(ref, bindings.buffer(ref), bindings.offsetBytes(ref));
                }
            }
            part.run(stream, all, workspace);
            note(part.plan().ops().getLast(), stream, all);
        }
    }

    private void note(Op op, ExecutionStream stream, RunBindings bindings) {
        if (op instanceof BlockSelect select) {
            for (int row = 0; row < rows(select.blockCounts(), bindings); row++) {
                for (int i = 0; i < select.heads().numServedQoHeads(); i++) {
                    int head = select.heads().qoHead(i);
                    List<Integer> chosen =
                            chosen(stream, bindings, select.blockCounts(), select.blockIndices(), row, head);
                    selections.add(new Selection(select.blockCounts() + " head " + head, chosen, new float[0]));
                }
            }
        } else if (op instanceof PageSelect select) {
            PageChoice choice = select.choice();
            TensorDecl scores = plan.tensors().get(select.scores());
            int[] slots = ints(stream, bindings, choice.slots(), 0, (int) rows(choice.slots(), bindings));
            for (int s = 0; s < slots.length; s++) {
                for (int list = 0; list < scores.capacity(1); list++) {
                    long at = (s * scores.capacity(1) + list) * scores.capacity(2);
                    int[] bits = ints(stream, bindings, select.scores(), at, (int) scores.capacity(2));
                    float[] values = new float[bits.length];
                    for (int page = 0; page < bits.length; page++) {
                        values[page] = Float.intBitsToFloat(bits[page]);
                    }
                    List<Integer> chosen = chosen(stream, bindings, choice.counts(), choice.pages(), slots[s], list);
                    selections.add(new Selection(choice.counts() + " list " + list, chosen, values));
                }
            }
        }
    }

    private long rows(TensorRef ref, RunBindings bindings) {
        return plan.tensors().get(ref).dims().get(0).extent(bindings);
    }

    private List<Integer> chosen(
            ExecutionStream stream, RunBindings bindings, TensorRef counts, TensorRef lists, int row, int list) {
        long index = row * plan.tensors().get(counts).capacity(1) + list;
        int count = ints(stream, bindings, counts, index, 1)[0];
        int[] chosen =
                ints(stream, bindings, lists, index * plan.tensors().get(lists).capacity(2), count);
        return Arrays.stream(chosen).boxed().toList();
    }

    private static int[] ints(ExecutionStream stream, RunBindings bindings, TensorRef ref, long from, int count) {
        int[] values = new int[count];
        if (count > 0) {
            stream.read(bindings.buffer(ref), bindings.offsetBytes(ref) + 4 * from, MemorySegment.ofArray(values));
        }
        return values;
    }

    @Override
    public void close() {
        parts.forEach(PreparedPlan::close);
        scope.close();
    }
}
