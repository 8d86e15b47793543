package dev.filigree.integration.fuzz;

import com.sun.management.ThreadMXBean;
import dev.filigree.integration.process.RunningClock;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Feeds one reader with bad files. A file that draws a sentence not heard before joins the files that are changed further, so
 * the reader's own complaints lead the way into it.
 */
final class Fuzzer {
    private static final long MAX_CPU_NANOS = 10_000_000_000L;
    private static final long MAX_NANOS = 300_000_000_000L;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long MAX_HEAP_BYTES = 256L << 20;
    private static final int MAX_CORPUS = 2000;

    private final FuzzTarget target;
    private final Path folder;
    private final Random random;
    private final Mutator mutator;
    private final List<FuzzTarget.Seed> corpus;
    private final Set<String> sentences = new HashSet<>();
    private final AtomicLong begun = new AtomicLong(Long.MAX_VALUE);
    private final AtomicLong begunCpu = new AtomicLong();
    private final List<String> findings = new ArrayList<>();
    private long executions;
    private long accepted;
    private long slowestNanos;

    Fuzzer(FuzzTarget target, Path folder, long seed) throws IOException {
        this.target = target;
        this.folder = folder;
        random = new Random(seed);
        mutator = new Mutator(random, target.words());
        corpus = new ArrayList<>(target.seeds());
        Files.createDirectories(folder);
        for (var file : target.files().entrySet()) {
            Path path = folder.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getValue());
        }
    }

    /** What a run found, and how much it did. */
    record Figures(
            String reader,
            long executions,
            long accepted,
            int sentences,
            double seconds,
            double slowestMillis,
            List<String> findings) {

        /** A row of the table in the documents. */
        String row() {
            return String.format(
                    Locale.ROOT,
                    "| %s | %.1f | %d | %d | %d | %.0f | %d |",
                    reader,
                    seconds / 60,
                    executions,
                    accepted,
                    sentences,
                    slowestMillis,
                    findings.size());
        }
    }

    /** Every good file is accepted; otherwise what follows shows little. */
    void readSeeds() throws IOException {
        for (FuzzTarget.Seed seed : target.seeds()) {
            String refused = once(seed);
            if (!refused.isEmpty()) {
                findings.add("a good file is refused: " + refused);
            }
        }
    }

    /** Runs until the time is over and at least so many files were read. */
    Figures run(double seconds, long atLeast) throws IOException {
        long start = RunningClock.nanoTime();
        Thread reader = Thread.currentThread();
        Thread watch = Thread.ofPlatform().daemon().start(() -> watch(reader));
        readSeeds();
        while (findings.size() < 20 && ((RunningClock.nanoTime() - start) / 1e9 < seconds || executions < atLeast)) {
            FuzzTarget.Seed from = corpus.get(random.nextInt(corpus.size()));
            FuzzTarget.Seed other = corpus.get(random.nextInt(corpus.size()));
            FuzzTarget.Seed bad = new FuzzTarget.Seed(from.fileName(), mutator.change(from.bytes(), other.bytes()));
            if (sentences.add(shape(once(bad))) && corpus.size() < MAX_CORPUS) {
                corpus.add(bad);
            }
        }
        watch.interrupt();
        return new Figures(
                target.name(),
                executions,
                accepted,
                sentences.size(),
                (RunningClock.nanoTime() - start) / 1e9,
                slowestNanos / 1e6,
                List.copyOf(findings));
    }

    /** Reads one file and returns the sentence that it was refused with, empty if it was accepted. */
    private String once(FuzzTarget.Seed file) throws IOException {
        Path path = folder.resolve(file.fileName());
        Files.write(path, file.bytes());
        executions++;
        long bytes = heapBytes();
        long start = THREADS.getCurrentThreadCpuTime();
        begunCpu.set(start);
        begun.set(RunningClock.nanoTime());
        String sentence = "";
        try {
            target.reading().read(folder, path);
            accepted++;
        } catch (Throwable e) {
            sentence = String.valueOf(e.getMessage());
            judge(file, e, sentence);
        }
        begun.set(Long.MAX_VALUE);
        long nanos = THREADS.getCurrentThreadCpuTime() - start;
        slowestNanos = Math.max(slowestNanos, nanos);
        long taken = heapBytes() - bytes;
        if (taken > MAX_HEAP_BYTES + 2000L * file.bytes().length) {
            find(file, "took " + (taken >> 20) + " MiB of heap for " + file.bytes().length + " bytes");
        }
        restore(file.fileName(), path);
        return sentence;
    }

    private void restore(String name, Path path) throws IOException {
        byte[] good = target.files().get(name);
        if (good == null) {
            Files.deleteIfExists(path);
        } else {
            Files.write(path, good);
        }
    }

    private void judge(FuzzTarget.Seed file, Throwable e, String sentence) throws IOException {
        if (target.refusals().stream().noneMatch(type -> type.isInstance(e))) {
            find(file, "threw " + e + " at " + place(e));
        } else if (sentence.length() < 20
                || sentence.lines().anyMatch(line -> line.length() > 4_000)
                || sentence.contains("java.lang.")
                || sentence.contains("@")
                        && sentence.matches("(?s).*\\b[a-z]+(\\.[a-z]+)+\\.[A-Z]\\w+@[0-9a-f]{4,}.*")) {
            find(file, "refused without a clear sentence: " + sentence);
        }
    }

    private static String place(Throwable e) {
        for (StackTraceElement frame : e.getStackTrace()) {
            if (frame.getClassName().startsWith("dev.filigree.")
                    && !frame.getClassName().startsWith("dev.filigree.integration.")) {
                return frame.toString();
            }
        }
        return e.getStackTrace().length == 0 ? "?" : e.getStackTrace()[0].toString();
    }

    private void find(FuzzTarget.Seed file, String what) throws IOException {
        Path kept = folder.resolveSibling(target.name() + "-finding-" + findings.size() + "-" + file.fileName());
        if (findings.stream().noneMatch(known -> known.startsWith(what))) {
            Files.write(kept, file.bytes());
            findings.add(what + " (" + kept + ")");
        }
    }

    // A reader that hangs cannot be stopped from outside; the run tells where it stood. Its own time counts, since a
    // busy
    // machine may leave it none.
    private void watch(Thread reader) {
        try {
            while (true) {
                Thread.sleep(500);
                long since = begun.get();
                boolean computes = THREADS.getThreadCpuTime(reader.threadId()) - begunCpu.get() > MAX_CPU_NANOS;
                if (since != Long.MAX_VALUE && (computes || RunningClock.nanoTime() - since > MAX_NANOS)) {
                    StringBuilder where = new StringBuilder("fuzz " + target.name() + ": hangs at");
                    for (StackTraceElement frame : reader.getStackTrace()) {
                        where.append("\n  ").append(frame);
                    }
                    System.out.println(where);
                    findings.add("hangs: " + where);
                    begun.set(Long.MAX_VALUE);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static long heapBytes() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    /** A sentence without what differs from file to file. */
    private static String shape(String sentence) {
        String first = sentence.lines().limit(3).reduce("", (a, b) -> a + "\n" + b);
        String plain =
                first.replaceAll("\"[^\"]*\"", "Q").replaceAll("[0-9]+", "N").replaceAll("\\[[^\\]]*\\]", "L");
        return plain.substring(0, Math.min(160, plain.length()));
    }
}
