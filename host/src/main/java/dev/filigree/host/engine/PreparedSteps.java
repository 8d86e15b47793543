package dev.filigree.host.engine;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** Prepared plans by bucket, those used last. Not thread-safe. */
final class PreparedSteps implements AutoCloseable {
    private static final int MAX_KEPT = 24;

    private final Map<StepBucket, PreparedStep> kept = new LinkedHashMap<>(16, 0.75f, true);
    private final Function<StepBucket, PreparedStep> prepare;

    PreparedSteps(Function<StepBucket, PreparedStep> prepare) {
        this.prepare = prepare;
    }

    PreparedStep get(StepBucket bucket) {
        PreparedStep step = kept.get(bucket);
        if (step == null) {
            if (kept.size() == MAX_KEPT) {
                Iterator<PreparedStep> eldest = kept.values().iterator();
                eldest.next().close();
                eldest.remove();
            }
            step = prepare.apply(bucket);
            kept.put(bucket, step);
        }
        return step;
    }

    /** Closes all of them, since plans have changed. */
    void forget() {
        close();
    }

    @Override
    public void close() {
        kept.values().forEach(PreparedStep::close);
        kept.clear();
    }
}
