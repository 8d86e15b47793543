package dev.filigree.conformance.mutant;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.BackendProvider;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.plan.Plan;
import dev.filigree.conformance.fork.Journal;
import dev.filigree.conformance.fork.Worker;
import dev.filigree.conformance.run.Oracle;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/** A worker whose backend takes the process with it, hangs, or eats the heap, wherever a tensor has rows of 80 bytes. */
public final class CrashingWorker {
    private CrashingWorker() {}

    /** Runs the journal that the second argument names; the first says what happens: crash, hang or starve. */
    public static void main(String[] args) throws Exception {
        BackendProvider provider = new DefectiveProvider(Oracle.find(), honest -> new Crashing(honest, args[0]));
        System.exit(Worker.run(new Journal(Path.of(args[1])), provider, Oracle.find()));
    }

    private static final class Crashing extends DelegatingBackend {
        private final String how;

        Crashing(Backend inner, String how) {
            super(inner);
            this.how = how;
        }

        @Override
        public PreparedPlan prepare(Plan plan) {
            boolean chosen = plan.tensors().all().stream().anyMatch(decl -> decl.rank() == 2 && decl.capacity(1) == 80);
            if (!chosen) {
                return inner.prepare(plan);
            }
            switch (how) {
                case "crash" -> {
                    System.out.println("the driver is lost");
                    Runtime.getRuntime().halt(139);
                }
                case "hang" -> LockSupport.parkNanos(Long.MAX_VALUE);
                default -> throw new OutOfMemoryError("Java heap space");
            }
            throw new IllegalStateException("still here");
        }
    }
}
