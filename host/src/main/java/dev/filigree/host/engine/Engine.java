package dev.filigree.host.engine;

import dev.filigree.api.attention.Phase;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.select.Selection;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.host.checkpoint.DecoderWeights;
import dev.filigree.host.decoder.DecoderPlan;
import dev.filigree.host.decoder.DecoderPlanner;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * An open model: runs steps of decoder plans over the sequences opened from it. Thread-safe; steps of several threads
 * run one after the other. Close sequences before the engine; closing the engine frees everything either way.
 */
public final class Engine implements AutoCloseable {
    private final ReentrantLock lock = new ReentrantLock();
    private final Closer closer = new Closer();
    private final EngineModel model;
    private final Selection selection;
    private final ExecutionStream stream;
    private final ModelMemory memory;
    private final Workspace workspace;
    private final PreparedSteps prepared;
    private final BlockManager blocks;
    private final BitSet slots = new BitSet();
    private final boolean hasRing;
    private final List<SequenceBlocks> stepBlocks = new ArrayList<>();
    private long[] newLengths = new long[4];
    private boolean closed;

    /**
     * Opens a model: maps the checkpoint, plans, chooses the backend and allocates the cache.
     *
     * @throws dev.filigree.host.checkpoint.CheckpointException if the checkpoint is not usable
     * @throws dev.filigree.api.policy.PolicyRefusal if a policy cannot serve the model
     * @throws dev.filigree.api.select.NoBackendException if no backend runs the plans
     * @throws dev.filigree.api.tensor.OutOfMemoryException if the cache does not fit
     */
    public Engine(EngineConfig config, BackendSelector backends) {
        boolean opened = false;
        try {
            Checkpoint checkpoint = closer.add(Checkpoint.open(config.checkpoint()));
            DecoderWeights.of(checkpoint);
            model = EngineModel.of(checkpoint, config);
            selection = backends.select(
                    config.backend(),
                    List.of(
                            model.plan(StepBucket.largest(Phase.PREFILL, model.limits()))
                                    .plan(),
                            model.plan(StepBucket.largest(Phase.DECODE, model.limits()))
                                    .plan()));
            Backend backend = closer.add(selection.backend());
            stream = closer.add(backend.openStream());
            memory = closer.add(new ModelMemory(backend.openScope(), checkpoint, stream));
            memory.allocatePages(model.kv());
            workspace = closer.add(new Workspace(backend));
            prepared = closer.add(new PreparedSteps(this::prepare));
            blocks = new PlainBlockManager(model.kv());
            hasRing = model.kv().classes().stream().anyMatch(c -> c.addressing() instanceof KvAddressing.Ring);
            opened = true;
        } finally {
            if (!opened) {
                closer.close();
            }
        }
    }

    private PreparedStep prepare(StepBucket bucket) {
        DecoderPlan plan = model.plan(bucket);
        memory.provide(plan, model.planner().model());
        return new PreparedStep(plan, selection.backend(), stream, memory, model.kv());
    }

    /** The decoder. */
    public DecoderConfig decoder() {
        return model.planner().model().config();
    }

    /** What plans the steps. */
    public DecoderPlanner planner() {
        return model.planner();
    }

    /** Where keys and values live. */
    public KvCachePlan kv() {
        return model.kv();
    }

    /** The largest steps and sequences. */
    public EngineLimits limits() {
        return model.limits();
    }

    /** The open backend and why it was chosen. */
    public Selection selection() {
        return selection;
    }

    /** Pages in use of a KV class. */
    public long usedPages(int kvClass) {
        lock.lock();
        try {
            return blocks.usedPages(kvClass);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Opens an empty sequence.
     *
     * @throws CacheFullException if as many as the config allows are open
     */
    public Sequence openSequence() {
        lock.lock();
        try {
            requireOpen();
            int slot = slots.nextClearBit(0);
            if (slot >= limits().maxSeqs()) {
                throw new CacheFullException("all " + limits().maxSeqs()
                        + " sequences of this model are in use: close one, or raise limits.maxSeqs");
            }
            slots.set(slot);
            memory.clearPolicyState(slot);
            return new Sequence(this, slot, blocks.open());
        } finally {
            lock.unlock();
        }
    }

    void release(Sequence sequence) {
        lock.lock();
        try {
            sequence.blocks().clear();
            slots.clear(sequence.slot());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Runs a step and shows what it computed. A step that fails leaves every sequence usable: pages taken for it are
     * given back and lengths stay, except that sequences of a cache with ring pages, where a started step may have
     * overwritten what it still needed, are emptied.
     *
     * @param step at least one sequence
     * @param reader is called once before this method returns
     * @throws CacheFullException if the cache has no room; nothing has changed then
     * @throws IllegalArgumentException if the step is larger than the limits or names a token that does not exist
     * @throws dev.filigree.api.backend.BackendException if the device fails
     */
    public void run(Step step, Consumer<StepResults> reader) {
        lock.lock();
        try {
            requireOpen();
            StepCheck.check(step, this);
            PreparedStep ready = prepared.get(StepBucket.of(step, limits()));
            workspace.ensure(ready.workspaceBytes());
            reserve(step);
            StepResults results = compute(step, ready);
            for (int seq = 0; seq < step.numSeqs(); seq++) {
                step.sequence(seq).advance(step.count(seq));
                if (step.phase() == Phase.PREFILL) {
                    memory.clearPolicyState(step.sequence(seq).slot());
                }
            }
            reader.accept(results);
        } finally {
            lock.unlock();
        }
    }

    private void reserve(Step step) {
        stepBlocks.clear();
        if (newLengths.length < step.numSeqs()) {
            newLengths = new long[step.numSeqs()];
        }
        for (int seq = 0; seq < step.numSeqs(); seq++) {
            stepBlocks.add(step.sequence(seq).blocks());
            newLengths[seq] = step.past(seq) + step.count(seq);
        }
        blocks.reserve(stepBlocks, newLengths);
    }

    private StepResults compute(Step step, PreparedStep ready) {
        boolean started = false;
        boolean done = false;
        try {
            ready.load(step);
            started = true;
            ready.launch(workspace);
            StepResults results = ready.fetch(step);
            done = true;
            return results;
        } finally {
            if (!done) {
                undo(step, started);
            }
        }
    }

    private void undo(Step step, boolean started) {
        for (int seq = 0; seq < step.numSeqs(); seq++) {
            Sequence sequence = step.sequence(seq);
            sequence.blocks().cancel();
            if (started && hasRing) {
                sequence.rewindToStart();
            }
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
    }

    /** Frees everything. Idempotent. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                closer.close();
            }
        } finally {
            lock.unlock();
        }
    }
}
