package dev.filigree.host.engine;

import dev.filigree.api.attention.Phase;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.ExecutionStream;
import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.select.Selection;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.DecoderConfig;
import dev.filigree.host.checkpoint.DecoderWeights;
import dev.filigree.host.decoder.DecoderPlan;
import dev.filigree.host.decoder.DecoderPlanner;
import dev.filigree.host.keys.KeyFold;
import dev.filigree.host.lora.Adapters;
import dev.filigree.policies.config.AdapterConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * An open model: runs steps of decoder plans over the sequences opened from it. Thread-safe; steps of several threads
 * run one after the other. Close sequences before the engine; closing the engine frees everything either way.
 */
public final class Engine implements AutoCloseable {
    private final ReentrantLock lock = new ReentrantLock();
    private final Closer closer = new Closer();
    private final EngineModel plain;
    private final EngineAdapters adapters;
    private volatile EngineModel model;
    private final Selection selection;
    private final ExecutionStream stream;
    private final ModelMemory memory;
    private final Workspace workspace;
    private final PreparedSteps prepared;
    private final BlockManager blocks;
    private final PrefixCache prefixes;
    private final SequencePool sequences;
    private final CutMultiples cuts;
    private final List<Sequence> stepSequences = new ArrayList<>();
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
        this(config, backends, Checkpoint::open);
    }

    /** Opens a model as above, of a checkpoint that is made of the config's folder in another way. */
    public Engine(EngineConfig config, BackendSelector backends, Function<Path, Checkpoint> source) {
        boolean opened = false;
        try {
            Checkpoint checkpoint = closer.add(source.apply(config.checkpoint()));
            DecoderWeights.of(checkpoint);
            KeyFold keys = KeyFold.of(checkpoint, config.keySmoothing());
            EngineModel anywhere = EngineModel.of(checkpoint, config);
            Adapters.Holder files =
                    closer.add(new Adapters.Holder(Adapters.open(config.adapters(), anywhere.linears())));
            selection = backends.select(config.backend(), largestPlans(adapted(anywhere, files.get())));
            plain = anywhere.on(backends.crossover(selection.backend().name()));
            model = adapted(plain, files.get());
            Backend backend = closer.add(selection.backend());
            stream = closer.add(backend.openStream());
            adapters = new EngineAdapters(backend, stream, files, keys);
            AutoCloseable buffers = adapters::close;
            closer.add(buffers);
            memory = closer.add(new ModelMemory(backend.openScope(), checkpoint, stream, adapters, keys));
            memory.allocatePages(model.kv());
            workspace = closer.add(new Workspace(backend));
            prepared = closer.add(new PreparedSteps(this::prepare));
            blocks = new SharedBlockManager(model.kv());
            prefixes = new PrefixCache(
                    blocks,
                    config.maxPrefixes(),
                    limits().chunkTokens(),
                    planner().attention().chunkMultiple());
            sequences = closer.add(new SequencePool(
                    memory,
                    blocks,
                    prefixes,
                    model.kv().classes().size(),
                    limits().maxSeqs(),
                    config.swapBudgetBytes()));
            cuts = CutMultiples.of(model.kv(), planner().attention().chunkMultiple());
            opened = true;
        } finally {
            if (!opened) {
                closer.close();
            }
        }
    }

    private static EngineModel adapted(EngineModel plain, Adapters attached) {
        return plain.withLinear(attached.over(plain.planner().linear()));
    }

    private static List<Plan> largestPlans(EngineModel model) {
        return List.of(
                model.plan(StepBucket.largest(Phase.PREFILL, model.limits())).plan(),
                model.plan(StepBucket.largest(Phase.DECODE, model.limits())).plan());
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

    /** What is attached to projections, in the order in which it adds. */
    public List<AdapterConfig> adapters() {
        lock.lock();
        try {
            return adapters.attached().configs();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Attaches an adapter beside those that are attached; weights stay as they are stored. Tokens in the cache keep the keys
     * and values they were given; a sequence that should see the adapter from its beginning has to be opened anew.
     *
     * @throws dev.filigree.host.checkpoint.CheckpointException if the file does not fit the model; nothing has changed then
     * @throws IllegalArgumentException if the name is taken or the backend does not run it; nothing has changed then
     */
    public void attach(AdapterConfig config) {
        lock.lock();
        try {
            requireOpen();
            adapters.attach(
                    config,
                    more -> largestPlans(adapted(plain, more)).stream()
                            .flatMap(plan -> selection.backend().refusals(plan).stream())
                            .distinct()
                            .toList(),
                    this::planAnew);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Detaches an adapter.
     *
     * @throws IllegalArgumentException if none of that name is attached
     */
    public void detach(String name) {
        lock.lock();
        try {
            requireOpen();
            adapters.detach(name, this::planAnew);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Changes how much an adapter adds; plans stay, one number per layer is written.
     *
     * @throws IllegalArgumentException if none of that name is attached or the strength is not finite
     */
    public void scale(String name, float strength) {
        lock.lock();
        try {
            requireOpen();
            adapters.scale(name, strength);
        } finally {
            lock.unlock();
        }
    }

    private void planAnew() {
        model = adapted(plain, adapters.attached());
        prepared.forget();
    }

    /** Pages in use of a KV class; a page that sequences share counts once. */
    public long usedPages(int kvClass) {
        lock.lock();
        try {
            return blocks.usedPages(kvClass);
        } finally {
            lock.unlock();
        }
    }

    /** What of the cache is in use. */
    public CacheUse cacheUse() {
        lock.lock();
        try {
            return sequences.use();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Opens an empty sequence. Where sequences may be swapped out, it gets its slot when one is free.
     *
     * @throws CacheFullException if as many as the config allows are open, and none may be swapped out
     */
    public Sequence openSequence() {
        lock.lock();
        try {
            requireOpen();
            return sequences.openResident(this);
        } finally {
            lock.unlock();
        }
    }

    /** Opens an empty sequence that gets its slot when it is admitted or first used. */
    public Sequence openWaitingSequence() {
        lock.lock();
        try {
            requireOpen();
            return sequences.open(this);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Makes sure that sequences can grow together without another one having to leave, swapping idle ones out if
     * need be, and keeps those that were admitted from being swapped out themselves.
     *
     * @param admitted sequences, each once
     * @param newLengths tokens that each will hold at the end
     * @return false if there is no room; idle sequences may have been swapped out then
     * @throws dev.filigree.api.backend.BackendException if the device fails; nothing is lost
     */
    public boolean admit(List<Sequence> admitted, long[] newLengths) {
        lock.lock();
        try {
            requireOpen();
            admitted.forEach(sequence -> sequence.requireUsable(this));
            if (!sequences.makeRoom(admitted, newLengths)) {
                return false;
            }
            sequences.enter(admitted, newLengths);
            admitted.forEach(sequence -> sequence.pin(true));
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * As {@link #admit(List, long[])}, where the last sequence has read nothing yet: it takes the pages of the longest kept
     * beginning of its prompt, if there is one, and then has that length.
     *
     * @param prompt tokens of the last sequence, {@code size} of them
     */
    public boolean admit(List<Sequence> admitted, long[] newLengths, int[] prompt, int size) {
        lock.lock();
        try {
            requireOpen();
            Sequence last = admitted.getLast();
            last.requireUsable(this);
            if (last.length() > 0) {
                return admit(admitted, newLengths);
            }
            boolean done = false;
            prefixes.share(last, prompt, size);
            try {
                done = admit(admitted, newLengths);
            } finally {
                if (last.length() > 0 && done) {
                    prefixes.hit(last);
                } else if (last.length() > 0) {
                    sequences.cut(last, 0);
                }
            }
            return done;
        } finally {
            lock.unlock();
        }
    }

    /** Ends what {@link #admit} began. */
    public void dismiss(Sequence sequence) {
        lock.lock();
        try {
            sequence.pin(false);
        } finally {
            lock.unlock();
        }
    }

    Sequence fork(Sequence parent) {
        lock.lock();
        try {
            requireOpen();
            parent.requireUsable(this);
            return sequences.fork(this, parent);
        } finally {
            lock.unlock();
        }
    }

    long rewind(Sequence sequence, long newLength) {
        lock.lock();
        try {
            requireOpen();
            sequence.requireUsable(this);
            if (newLength < 0 || newLength > sequence.length()) {
                throw new IllegalArgumentException("a sequence of " + sequence.length()
                        + " tokens can be cut to 0 to that many, not " + newLength);
            }
            if (newLength < sequence.length()) {
                sequences.cut(sequence, newLength / cuts.rewind() * cuts.rewind());
            }
            return sequence.length();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Lengthens a sequence by tokens that nobody read, to measure what a long context costs: all pages of the cache are overwritten
     * with random numbers, those of other sequences too.
     *
     * @param newLength tokens that it holds afterwards, at least as many as now
     * @throws CacheFullException if the cache has no room
     */
    public void fill(Sequence sequence, long newLength) {
        lock.lock();
        try {
            requireOpen();
            sequence.requireUsable(this);
            memory.pages().randomize();
            sequences.extend(sequence, newLength);
        } finally {
            lock.unlock();
        }
    }

    void release(Sequence sequence) {
        lock.lock();
        try {
            sequences.release(sequence);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Runs a step and shows what it computed. A step that fails leaves every sequence usable: pages taken for it are
     * given back and lengths stay, except that a sequence is cut to the last whole logical page where pages have
     * statistics, and emptied where a ring may have overwritten what it still needed.
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
                    memory.policyRows().clear(step.sequence(seq).slot());
                }
            }
            prefixes.read(step);
            reader.accept(results);
        } finally {
            lock.unlock();
        }
    }

    private void reserve(Step step) {
        stepSequences.clear();
        stepBlocks.clear();
        if (newLengths.length < step.numSeqs()) {
            newLengths = new long[step.numSeqs()];
        }
        for (int seq = 0; seq < step.numSeqs(); seq++) {
            stepSequences.add(step.sequence(seq));
            stepBlocks.add(step.sequence(seq).blocks());
            newLengths[seq] = step.past(seq) + step.count(seq);
        }
        sequences.enter(stepSequences, newLengths);
        blocks.reserve(stepBlocks, newLengths);
    }

    private StepResults compute(Step step, PreparedStep ready) {
        boolean started = false;
        boolean done = false;
        try {
            for (int seq = 0; seq < step.numSeqs(); seq++) {
                memory.pages().copyShared(stepBlocks.get(seq));
            }
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

    /** Takes a failed step back: what it may have overwritten is forgotten. */
    private void undo(Step step, boolean started) {
        for (int seq = 0; seq < step.numSeqs(); seq++) {
            Sequence sequence = step.sequence(seq);
            sequence.blocks().cancel();
            long whole = sequence.length() / cuts.statistics() * cuts.statistics();
            if (started && !sequence.blocks().canRewind(whole)) {
                whole = 0;
            }
            if (started && whole < sequence.length()) {
                sequence.blocks().rewind(whole);
                sequence.cutTo(whole);
            }
            if (started) {
                memory.policyRows().clear(sequence.slot());
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
