package dev.filigree.host;

import dev.filigree.host.engine.CacheFullException;
import dev.filigree.host.engine.CacheUse;
import dev.filigree.host.engine.Engine;
import dev.filigree.host.engine.Sequence;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/**
 * First come, first served: the request at the head is admitted once the cache holds it at its full length, prompt and
 * all tokens it may draw, beside every admitted request at its full length. So no admitted request ever runs out of pages,
 * and a long one is not overtaken for ever by short ones. Guarded by the scheduler's lock.
 */
final class AdmissionQueue {
    private final Engine engine;
    private final int maxQueue;
    private final Deque<GenerationRun> waiting = new ArrayDeque<>();
    private final List<GenerationRun> active = new ArrayList<>();
    private long admitted;
    private long refused;

    AdmissionQueue(Engine engine, int maxQueue) {
        this.engine = engine;
        this.maxQueue = maxQueue;
    }

    /** Takes all of them or none. A request that can start at once needs no place in the queue. */
    void submit(List<GenerationRun> runs) {
        int startable = waiting.isEmpty() ? engine.limits().maxSeqs() - active.size() : 0;
        int queued = waiting.size() + runs.size() - Math.max(0, startable);
        if (queued > maxQueue && !runs.isEmpty()) {
            refused += runs.size();
            throw new QueueFullException("of " + runs.size() + " requests " + Math.max(0, startable)
                    + " can start at once; " + waiting.size() + " wait already, and at most " + maxQueue
                    + " may: ask again later, or raise limits.maxQueue");
        }
        waiting.addAll(runs);
    }

    /** Admits from the head as many as fit. */
    void admitWaiting() {
        while (!waiting.isEmpty()) {
            GenerationRun head = waiting.element();
            if (!head.isRunning()) {
                waiting.remove();
            } else if (active.size() == engine.limits().maxSeqs() || !admit(head)) {
                return;
            }
        }
    }

    /** Whether the head has left the queue, to run or to fail. */
    private boolean admit(GenerationRun head) {
        try {
            List<Sequence> sequences = new ArrayList<>();
            long[] lengths = new long[active.size() + 1];
            for (int i = 0; i < active.size(); i++) {
                sequences.add(active.get(i).session().sequence());
                lengths[i] = active.get(i).finalLength();
            }
            sequences.add(head.session().sequence());
            lengths[active.size()] = head.finalLength();
            Session session = head.session();
            if (engine.admit(sequences, lengths, session.ids(), session.numTokens())) {
                active.add(head);
                admitted++;
            } else if (active.isEmpty()) {
                refused++;
                head.fail(new CacheFullException("the request may grow to " + head.finalLength()
                        + " tokens, and idle sessions hold the pages or slots it needs: close one, or raise"
                        + " limits.maxSeqs, limits.kvBudget or limits.swapBudget"));
            } else {
                return false;
            }
        } catch (RuntimeException e) {
            head.fail(e);
        }
        waiting.remove();
        return true;
    }

    /** The requests that share steps, in the order in which they are served next. */
    List<GenerationRun> active() {
        return Collections.unmodifiableList(active);
    }

    /** Forgets a run, wherever it is. A session of one answer gives its room back at once: whoever is next may need it. */
    void remove(GenerationRun run) {
        waiting.remove(run);
        if (active.remove(run)) {
            engine.dismiss(run.session().sequence());
            if (run.session().isPassing()) {
                run.session().close();
            }
        }
    }

    ServingLoad load(CacheUse cache) {
        return new ServingLoad(waiting.size(), active.size(), admitted, refused, cache);
    }
}
