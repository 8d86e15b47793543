package dev.filigree.host;

import dev.filigree.api.select.BackendSelector;
import dev.filigree.host.engine.Closer;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.tokenizer.StreamingDecoder;
import dev.filigree.host.tokenizer.Tokenizer;
import dev.filigree.host.wiring.EngineParts;
import dev.filigree.policies.config.ConfigReader;
import dev.filigree.policies.config.RunConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An open model that answers prompts.
 *
 * <p>Threads: any number of threads may ask a model at the same time. Their requests share steps, each as if it were
 * alone: an answer does not depend on what else is asked. At most {@code limits.maxSeqs} are answered together, as far as
 * the cache holds them at their full length; the next {@code limits.maxQueue} wait in the order they came, and more are
 * refused with {@link QueueFullException}. Listeners run on the thread that asked; a slow one holds up its own answer
 * only. A {@link Session} belongs to one thread at a time. Close the model when no thread uses it any more; that frees
 * everything, sessions included.
 *
 * <pre>{@code
 * try (Filigree model = Filigree.open(Path.of("examples/needle.yaml"))) {
 *     System.out.println(model.generate("What is the pass key for amber otter? ", 16));
 * }
 * }</pre>
 */
public final class Filigree implements AutoCloseable {
    private final RunConfig config;
    private final Engine engine;
    private final Scheduler scheduler;
    private @Nullable Tokenizer tokenizer;

    private Filigree(RunConfig config, Engine engine) {
        this.config = config;
        this.engine = engine;
        scheduler = new Scheduler(engine, config.limits().maxQueue());
    }

    /**
     * Opens the model of a config file.
     *
     * @throws dev.filigree.policies.config.ConfigException with everything that is wrong with the file
     * @throws dev.filigree.host.checkpoint.CheckpointException if the checkpoint is not usable
     * @throws dev.filigree.api.policy.PolicyRefusal if a policy cannot serve the model
     * @throws dev.filigree.api.select.NoBackendException if no backend can, with every reason
     * @throws dev.filigree.api.tensor.OutOfMemoryException if weights or cache do not fit
     */
    public static Filigree open(Path config) {
        return open(ConfigReader.read(config));
    }

    /** Opens the model of a config; see {@link #open(Path)}. */
    public static Filigree open(RunConfig config) {
        return open(config, BackendSelector.installed());
    }

    /** Opens the model of a config on one of the given backends; see {@link #open(Path)}. */
    public static Filigree open(RunConfig config, BackendSelector backends) {
        return new Filigree(config, new Engine(EngineParts.of(config, backends), backends));
    }

    /** The likeliest continuation of a prompt. */
    public String generate(String prompt, int maxTokens) {
        return generate(prompt, GenerationOptions.greedy(maxTokens), GenerationListener.NONE)
                .text();
    }

    /**
     * Continues a prompt.
     *
     * @throws IllegalArgumentException if the prompt is longer than the config allows
     * @throws QueueFullException if too many requests wait already
     * @throws dev.filigree.host.engine.CacheFullException if idle sessions leave no room
     * @throws dev.filigree.api.backend.BackendException if the device fails
     */
    public Generation generate(String prompt, GenerationOptions options, GenerationListener listener) {
        try (Session session = openWaitingSession()) {
            return session.append(prompt).generate(options, listener);
        }
    }

    /**
     * Continues several prompts in the same steps, as many at a time as the config's {@code limits.maxSeqs}.
     *
     * @throws QueueFullException if too many requests of other threads wait already
     * @return one answer per request, in order
     */
    public List<Generation> generateAll(List<GenerationRequest> requests) {
        List<Generation> answers = new ArrayList<>();
        int maxSeqs = engine.limits().maxSeqs();
        for (int from = 0; from < requests.size(); from += maxSeqs) {
            answers.addAll(wave(requests.subList(from, Math.min(requests.size(), from + maxSeqs))));
        }
        return answers;
    }

    private List<Generation> wave(List<GenerationRequest> requests) {
        try (Closer sessions = new Closer()) {
            List<GenerationRun> runs = new ArrayList<>();
            for (GenerationRequest request : requests) {
                Session session = sessions.add(openWaitingSession()).append(request.prompt());
                runs.add(new GenerationRun(session, request.options(), request.listener()));
            }
            return generate(runs);
        }
    }

    List<Generation> generate(List<GenerationRun> runs) {
        return scheduler.answer(runs);
    }

    /**
     * Opens a conversation; close it to free its part of the cache.
     *
     * @throws dev.filigree.host.engine.CacheFullException if as many as the config allows are open and none of them can
     *     be swapped out
     */
    public Session openSession() {
        return new Session(this, engine.openSequence());
    }

    private Session openWaitingSession() {
        return new Session(this, engine.openWaitingSequence()).passing();
    }

    /** What the model has to do at this moment. */
    public ServingLoad load() {
        return scheduler.load();
    }

    void wake() {
        scheduler.wake();
    }

    /**
     * The checkpoint's tokenizer, read when first asked for.
     *
     * @throws dev.filigree.host.tokenizer.TokenizerException if tokenizer.json is missing or not supported
     */
    public synchronized Tokenizer tokenizer() {
        Tokenizer read = tokenizer;
        if (read == null) {
            read = Tokenizer.read(config.model());
            tokenizer = read;
        }
        return read;
    }

    /** The config it was opened with. */
    public RunConfig config() {
        return config;
    }

    /** The backend in use and why: one line. */
    public String backend() {
        return engine.selection().reason();
    }

    /** What runs the steps. */
    public Engine engine() {
        return engine;
    }

    StreamingDecoder decoder() {
        return tokenizer().streamingDecoder(true);
    }

    boolean isEos(int token) {
        return engine.decoder().eosIds().contains(token);
    }

    /** Frees everything. Idempotent. */
    @Override
    public void close() {
        engine.close();
    }
}
