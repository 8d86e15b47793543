package dev.filigree.integration.lserve;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.attention.Phase;
import dev.filigree.api.attention.StepCapacity;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvCacheProblem;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.kvcache.PrefillReads;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.RunBindings;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.DeviceBuffer;
import dev.filigree.policies.layer.LayerAttention;
import dev.filigree.policies.layer.StepShapes;
import dev.filigree.policies.paged.PagedConfig;
import dev.filigree.policies.paged.PagedPolicy;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** One attention layer of a policy on a backend, over an f32 cache with small pages that are recycled at once. */
final class LayerRun implements AutoCloseable {
    static final int PAGE = 8;
    private static final Set<String> IN = Set.of("q", "k", "v");
    private static final Set<String> OUT = Set.of("attn", "attn.lse");

    final ModelGeometry geometry;
    final KvCachePlan kv;
    private final AttentionPolicy policy;
    private final Backend backend;
    private final BufferScope state;
    private final ExecutionStream stream;
    private final StepCapacity capacity;
    private final Map<Phase, PreparedPlan> prepared = new HashMap<>();
    private final Map<String, DeviceBuffer> stateBuffers = new HashMap<>();
    private final Map<String, TensorDecl> policyState = new HashMap<>();
    private final List<Deque<Integer>> freePages = new ArrayList<>();
    private final BitSet slots = new BitSet();

    LayerRun(Backend backend, AttentionPolicy policy, ModelGeometry geometry, int maxSeqs, int maxTokens) {
        this(
                backend,
                policy,
                geometry,
                new PagedConfig(PAGE, KvPrecision.F32, KvPrecision.F32, PrefillReads.STORED),
                new StepCapacity((long) maxSeqs * maxTokens, maxSeqs, maxSeqs, maxTokens, (long) maxSeqs * maxTokens));
    }

    LayerRun(
            Backend backend, AttentionPolicy policy, ModelGeometry geometry, PagedConfig pages, StepCapacity capacity) {
        this.backend = backend;
        this.policy = policy;
        this.geometry = geometry;
        this.capacity = capacity;
        kv = new PagedPolicy(pages)
                .plan(new KvCacheProblem(
                        geometry,
                        policy.kvNeeds(geometry),
                        (int) capacity.numSlots(),
                        capacity.contextTokens(),
                        OptionalLong.empty()));
        state = backend.openScope();
        stream = backend.openStream();
        for (long numPages : kv.numPages()) {
            Deque<Integer> free = new ArrayDeque<>();
            for (int page = 0; page < numPages; page++) {
                free.push(page);
            }
            freePages.add(free);
        }
    }

    LayerSequence open() {
        int slot = slots.nextClearBit(0);
        slots.set(slot);
        forget(slot);
        return new LayerSequence(slot, kv.classes().size());
    }

    /** Gives pages back so that the next sequence gets the very same ones. */
    void release(LayerSequence sequence) {
        slots.clear(sequence.slot);
        for (int kvClass = 0; kvClass < freePages.size(); kvClass++) {
            sequence.pages.get(kvClass).reversed().forEach(freePages.get(kvClass)::push);
        }
    }

    /**
     * Runs a step.
     *
     * @param q {@code [numTokens][numQoHeads * headDim]}, the sequences' tokens one after the other
     * @return {@code [numTokens][numQoHeads * headDim]}
     */
    float[][] step(
            Phase phase, List<LayerSequence> sequences, List<float[]> q, List<List<float[]>> k, List<List<float[]>> v) {
        int[] past = sequences.stream().mapToInt(LayerSequence::length).toArray();
        int[] now = k.stream().mapToInt(List::size).toArray();
        for (int s = 0; s < now.length; s++) {
            sequences.get(s).keys.addAll(k.get(s));
            sequences.get(s).values.addAll(v.get(s));
            reserve(sequences.get(s));
        }
        PreparedPlan plan = prepared.computeIfAbsent(phase, this::prepare);
        StepShapes shapes = StepShapes.of(kv, past, now, StepShapes.blockSizes(plan.plan()));
        float[][] out = new float[q.size()][];
        try (BufferScope scope = backend.openScope()) {
            RunBindings bindings = new RunBindings(plan.plan());
            plan.plan()
                    .variableAxes()
                    .forEach(axis -> bindings.axis(axis, shapes.axes().get(axis)));
            for (TensorDecl decl : plan.plan().tensors().all()) {
                bind(decl, sequences, shapes, scope, bindings, Map.of("q", q, "k", flat(k), "v", flat(v)));
            }
            plan.run(stream, bindings, scope.allocate(plan.workspaceBytes()));
            int width = geometry.numQoHeads() * geometry.headDimVo();
            for (int t = 0; t < out.length; t++) {
                out[t] = floats(bindings.buffer(TensorRef.of("attn")), t * width, width);
            }
        }
        if (phase == Phase.PREFILL) {
            sequences.forEach(sequence -> forget(sequence.slot));
        }
        return out;
    }

    private static List<float[]> flat(List<List<float[]>> rows) {
        return rows.stream().flatMap(List::stream).toList();
    }

    private void reserve(LayerSequence sequence) {
        for (int kvClass = 0; kvClass < freePages.size(); kvClass++) {
            List<Integer> pages = sequence.pages.get(kvClass);
            while (pages.size() < kv.classes().get(kvClass).pagesFor(sequence.length())) {
                pages.add(freePages.get(kvClass).pop());
            }
        }
    }

    private PreparedPlan prepare(Phase phase) {
        StepCapacity step = phase == Phase.PREFILL
                ? capacity
                : new StepCapacity(
                        capacity.numSeqs(),
                        capacity.numSeqs(),
                        capacity.numSlots(),
                        capacity.contextTokens(),
                        capacity.kvTokens());
        LayerAttention layer =
                LayerAttention.of(AttentionProblem.of(phase, 0, kv, DType.F32, step), policy, Optional.empty());
        layer.attention()
                .policyState()
                .forEach(decl -> policyState.put(decl.ref().name(), decl));
        Plan plan = layer.plan();
        List<TensorDecl> decls = plan.tensors().all().stream()
                .map(decl -> IN.contains(decl.ref().name())
                        ? decl.as(decl.ref(), TensorRole.INPUT)
                        : OUT.contains(decl.ref().name()) ? decl.as(decl.ref(), TensorRole.OUTPUT) : decl)
                .toList();
        return backend.prepare(new Plan(plan.name(), new Tensors(decls), plan.ops()));
    }

    private void bind(
            TensorDecl decl,
            List<LayerSequence> sequences,
            StepShapes shapes,
            BufferScope scope,
            RunBindings bindings,
            Map<String, List<float[]>> rows) {
        String name = decl.ref().name();
        switch (decl.role()) {
            case STATE ->
                bindings.bind(
                        decl.ref(), stateBuffers.computeIfAbsent(name, n -> state.allocate(decl.capacityBytes())));
            case OUTPUT -> bindings.bind(decl.ref(), scope.allocate(decl.capacityBytes()));
            case INPUT -> {
                DeviceBuffer buffer = scope.allocate(Math.max(4, decl.capacityBytes()));
                stream.write(MemorySegment.ofArray(content(decl, sequences, shapes, rows)), buffer, 0);
                bindings.bind(decl.ref(), buffer);
            }
            default -> {}
        }
    }

    private byte[] content(
            TensorDecl decl, List<LayerSequence> sequences, StepShapes shapes, Map<String, List<float[]>> rows) {
        String name = decl.ref().name();
        if (IN.contains(name)) {
            List<float[]> tokens = rows.get(name);
            byte[] bytes =
                    new byte[4 * tokens.stream().mapToInt(row -> row.length).sum()];
            int at = 0;
            for (float[] row : tokens) {
                MemorySegment.copy(
                        row, 0, MemorySegment.ofArray(bytes), ValueLayout.JAVA_FLOAT_UNALIGNED, at, row.length);
                at += 4 * row.length;
            }
            return bytes;
        }
        int[] ints = switch (name) {
            case "slots" -> sequences.stream().mapToInt(s -> s.slot).toArray();
            default -> name.endsWith(".pageTable") ? pageTable(decl, sequences) : shapes.array(name);
        };
        byte[] bytes = new byte[4 * ints.length];
        MemorySegment.copy(ints, 0, MemorySegment.ofArray(bytes), ValueLayout.JAVA_INT_UNALIGNED, 0, ints.length);
        return bytes;
    }

    private int[] pageTable(TensorDecl decl, List<LayerSequence> sequences) {
        int kvClass = 0;
        while (!decl.ref().name().equals("kv." + kv.classes().get(kvClass).name() + ".pageTable")) {
            kvClass++;
        }
        int columns = (int) decl.capacity(1);
        int[] table = new int[sequences.size() * columns];
        java.util.Arrays.fill(table, -1);
        for (int s = 0; s < sequences.size(); s++) {
            List<Integer> pages = sequences.get(s).pages.get(kvClass);
            for (int column = 0; column < pages.size(); column++) {
                table[s * columns + column] = pages.get(column);
            }
        }
        return table;
    }

    private void forget(int slot) {
        policyState.forEach((name, decl) -> {
            long rowBytes = decl.dtype().bytes(decl.rowElements());
            DeviceBuffer buffer = stateBuffers.get(name);
            if (buffer != null) {
                stream.fill(buffer, slot * rowBytes, rowBytes, (byte) 0);
            }
        });
    }

    /** The pages that a sequence's last decode step read for a list; empty before the first. */
    int[] list(LayerSequence sequence, int list) {
        TensorDecl counts = stateOf(".counts");
        TensorDecl chosen = stateOf(".chosen");
        if (!stateBuffers.containsKey(counts.ref().name())) {
            return new int[0];
        }
        int lists = (int) counts.capacity(1);
        int width = (int) chosen.capacity(2);
        int row = sequence.slot * lists + list;
        int count = ints(stateBuffers.get(counts.ref().name()), row, 1)[0];
        return ints(stateBuffers.get(chosen.ref().name()), row * width, count);
    }

    private TensorDecl stateOf(String suffix) {
        prepared.computeIfAbsent(Phase.DECODE, this::prepare);
        return policyState.values().stream()
                .filter(decl -> decl.ref().name().endsWith(suffix))
                .findFirst()
                .orElseThrow();
    }

    /** Bytes of the pools that hold keys and values, statistics included, as allocated. */
    long pageBytes() {
        return stateBuffers.entrySet().stream()
                .filter(entry -> entry.getKey().endsWith(".pages"))
                .mapToLong(entry -> entry.getValue().sizeBytes())
                .sum();
    }

    private float[] floats(DeviceBuffer buffer, int from, int count) {
        float[] values = new float[count];
        stream.read(buffer, 4L * from, MemorySegment.ofArray(values));
        return values;
    }

    private int[] ints(DeviceBuffer buffer, int from, int count) {
        int[] values = new int[count];
        if (count > 0) {
            stream.read(buffer, 4L * from, MemorySegment.ofArray(values));
        }
        return values;
    }

    @Override
    public void close() {
        prepared.values().forEach(PreparedPlan::close);
        state.close();
        stream.close();
    }
}
