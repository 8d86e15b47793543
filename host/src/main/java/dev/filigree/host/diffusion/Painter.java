package dev.filigree.host.diffusion;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.attention.ConstantTable;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.select.Selection;
import dev.filigree.api.tensor.BufferScope;
import dev.filigree.host.arrays.ArrayPlan;
import dev.filigree.host.engine.Closer;
import dev.filigree.host.lora.AdapterMemory;
import dev.filigree.host.lora.Adapters;
import dev.filigree.host.picture.Picture;
import dev.filigree.policies.config.AdapterConfig;
import dev.filigree.policies.layer.StepShapes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * An open text-to-picture model. Euler steps go from noise to picture along the guided velocity; everything between noise
 * and picture stays on the backend. Not thread-safe. Closing it frees everything.
 */
public final class Painter implements AutoCloseable {
    private final Closer closer = new Closer();
    private final DitConfig config;
    private final DitCapacity capacity;
    private final Selection selection;
    private final ArrayPlan condition;
    private final List<ArrayPlan> steps;
    private final List<DitPlan> plans = new ArrayList<>();
    private final DitPlanner planner;
    private final DitBuffers buffers;
    private final Adapters.Holder adapters;
    private final AdapterMemory adapterMemory;
    private final double guidance;

    /**
     * Opens a model: maps the checkpoint, plans every step, chooses the backend and prepares.
     *
     * @throws dev.filigree.host.checkpoint.CheckpointException if the checkpoint is not usable
     * @throws dev.filigree.api.policy.PolicyRefusal if a policy cannot serve the model
     * @throws dev.filigree.api.select.NoBackendException if no backend runs the plans
     */
    public Painter(PainterConfig parts, BackendSelector backends) {
        this(parts, backends, false);
    }

    Painter(PainterConfig parts, BackendSelector backends, boolean observe) {
        boolean opened = false;
        try {
            DitCheckpoint checkpoint = closer.add(DitCheckpoint.open(parts.checkpoint()));
            config = checkpoint.config();
            guidance = parts.guidance().orElse(config.guidance());
            DitPlanner plain = new DitPlanner(
                    config,
                    checkpoint::type,
                    checkpoint.storage()::find,
                    parts.attention(),
                    parts.linear(),
                    parts.activations());
            adapters = closer.add(new Adapters.Holder(Adapters.open(parts.adapters(), plain.linears())));
            planner = plain.withLinear(adapters.get().over(parts.linear()));
            planner.attention().kvNeeds(planner.geometry());
            capacity = planner.capacity(parts.batch(), parts.steps().orElse(config.steps()), guidance);
            DitPlan first = planner.condition(capacity, observe);
            for (int step = 0; step < capacity.numSteps(); step++) {
                plans.add(planner.step(capacity, step, guidance, observe));
            }
            selection = backends.select(parts.backend(), everything(first));
            Backend backend = closer.add(selection.backend());
            ExecutionStream stream = closer.add(backend.openStream());
            BufferScope scope = closer.add(backend.openScope());
            adapterMemory = closer.add(new AdapterMemory(backend, stream, adapters.get()));
            buffers = new DitBuffers(checkpoint, scope, adapterMemory);
            condition = closer.add(new ArrayPlan(backend, scope, stream, first.plan(), buffers.of(first)));
            steps = prepare(backend, scope, stream);
            opened = true;
        } finally {
            if (!opened) {
                closer.close();
            }
        }
    }

    private List<Plan> everything(DitPlan first) {
        List<Plan> all = new ArrayList<>(List.of(first.plan()));
        plans.stream().map(DitPlan::plan).distinct().forEach(all::add);
        return all;
    }

    /** One prepared plan for all steps that are planned alike. */
    private List<ArrayPlan> prepare(Backend backend, BufferScope scope, ExecutionStream stream) {
        Map<Plan, ArrayPlan> prepared = new LinkedHashMap<>();
        List<ArrayPlan> perStep = new ArrayList<>();
        for (DitPlan dit : plans) {
            ArrayPlan known = prepared.get(dit.plan());
            if (known == null) {
                known = closer.add(new ArrayPlan(backend, scope, stream, dit.plan(), buffers.of(dit)));
                prepared.put(dit.plan(), known);
                upload(dit, known);
            }
            perStep.add(known);
        }
        return perStep;
    }

    private static void upload(DitPlan dit, ArrayPlan prepared) {
        for (AttentionPlan block : dit.blocks()) {
            for (ConstantTable table : block.constants()) {
                float[] values = new float[table.values().size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = table.values().get(i);
                }
                prepared.writeFloats(table.decl().ref().name(), values);
            }
        }
    }

    /** The model. */
    public DitConfig config() {
        return config;
    }

    /** Steps of the sampler. */
    public int numSteps() {
        return capacity.numSteps();
    }

    /** Factor between the empty caption's velocity and the caption's. */
    public double guidance() {
        return guidance;
    }

    /** Pictures painted together. */
    public int batch() {
        return capacity.numPictures();
    }

    /** The backend in use and why: one line. */
    public String backend() {
        return selection.reason();
    }

    /** What is attached to linear layers, in the order in which it adds. */
    public List<AdapterConfig> adapters() {
        return adapters.get().configs();
    }

    /**
     * Changes how much an adapter adds to the next pictures.
     *
     * @throws IllegalArgumentException if none of that name is attached or the strength is not finite
     */
    public void scale(String adapter, float strength) {
        Adapters scaled = adapters.get().scale(adapter, strength);
        adapterMemory.write(scaled);
        adapters.set(scaled);
    }

    /** Bytes of the weights in use. */
    public long weightBytes() {
        return buffers.weightBytes();
    }

    /** Names of the storage schemes of the blocks' linear layers. */
    public Set<String> linearSchemes() {
        Set<String> schemes = new TreeSet<>();
        plans.forEach(plan -> schemes.addAll(plan.schemes()));
        return schemes;
    }

    /** How many steps each attention policy plans, in order of first use. */
    public Map<String, Integer> attentionSteps() {
        Map<String, Integer> steps = new LinkedHashMap<>();
        plans.forEach(plan -> steps.merge(plan.blocks().getFirst().policy(), 1, Integer::sum));
        return steps;
    }

    /**
     * Paints pictures, {@link #batch} at a time.
     *
     * @return one per request, in order
     * @throws IllegalArgumentException if a caption has an unknown word or noise has the wrong size; nothing is computed then
     * @throws dev.filigree.api.backend.BackendException if the device fails
     */
    public List<Picture> paint(List<PaintRequest> requests, PaintWatcher watcher) {
        return paint(requests, (plan, numRows) -> {}, watcher);
    }

    /** Sees a plan that has run, and how many rows its linear layers had. */
    @FunctionalInterface
    interface Observer {
        void look(ArrayPlan plan, int numRows);
    }

    List<Picture> paint(List<PaintRequest> requests, Observer observer, PaintWatcher watcher) {
        List<int[]> captions = new ArrayList<>();
        for (PaintRequest request : requests) {
            captions.add(config.encode(request.caption()));
            if (request.noise().length != config.pictureValues()) {
                throw new IllegalArgumentException(
                        "noise must have " + config.pictureValues() + " values, not " + request.noise().length);
            }
        }
        List<Picture> pictures = new ArrayList<>();
        for (int from = 0; from < requests.size(); from += batch()) {
            int end = Math.min(requests.size(), from + batch());
            PaintRun run = new PaintRun(this, requests.subList(from, end), from, requests.size(), observer, watcher);
            pictures.addAll(run.paint(captions.subList(from, end)));
        }
        return pictures;
    }

    DitCapacity capacity() {
        return capacity;
    }

    ArrayPlan condition() {
        return condition;
    }

    ArrayPlan step(int step) {
        return steps.get(step);
    }

    StepShapes shapes(int numSeqs, int step) {
        int[] lengths = Collections.nCopies(numSeqs, config.numPatches()).stream()
                .mapToInt(Integer::intValue)
                .toArray();
        Set<Integer> blockSizes = StepShapes.blockSizes(plans.get(step).plan());
        return StepShapes.of(planner.noCache(), new int[numSeqs], lengths, blockSizes);
    }

    @Override
    public void close() {
        closer.close();
    }
}
