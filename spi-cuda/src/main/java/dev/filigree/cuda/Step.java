package dev.filigree.cuda;

import dev.filigree.cuda.driver.CudaContext;
import dev.filigree.cuda.driver.CudaStreamHandle;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Launch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.ToLongFunction;

/** One launch with its kernel loaded and its parameters laid out in native memory. */
final class Step {
    private static final int WORD = 8;

    private final String opName;
    private final Launch launch;
    private final long kernel;
    private final int[] grid;
    private final MemorySegment pointers;
    private final MemorySegment values;

    /** Lays out parameters; {@code address} answers for arguments that are addresses. */
    Step(String opName, Launch launch, CudaContext context, Arena arena) {
        this.opName = opName;
        this.launch = launch;
        kernel = context.kernel(launch.symbol(), launch.sharedBytes());
        grid = new int[] {launch.gridX(), launch.gridY(), launch.gridZ()};
        long words = launch.args().stream().mapToLong(Step::words).sum();
        values = arena.allocate(Math.max(1, words) * WORD, 16);
        pointers = arena.allocate(Math.max(1, launch.args().size()) * (long) WORD, 16);
    }

    String opName() {
        return opName;
    }

    /** Writes the parameters. */
    void fill(ToLongFunction<Arg> address) {
        long at = 0;
        int index = 0;
        for (Arg arg : launch.args()) {
            pointers.setAtIndex(ValueLayout.JAVA_LONG, index++, values.address() + at);
            switch (arg) {
                case Arg.IntArg(int value) -> values.set(ValueLayout.JAVA_INT, at, value);
                case Arg.FloatArg(float value) -> values.set(ValueLayout.JAVA_FLOAT, at, value);
                case Arg.WordsArg(var list) -> {
                    for (int i = 0; i < list.size(); i++) {
                        values.set(ValueLayout.JAVA_LONG, at + (long) WORD * i, list.get(i));
                    }
                }
                default -> values.set(ValueLayout.JAVA_LONG, at, address.applyAsLong(arg));
            }
            at += words(arg) * WORD;
        }
    }

    boolean usesScratch() {
        return launch.args().stream().anyMatch(Arg.ScratchArg.class::isInstance);
    }

    void launch(CudaStreamHandle stream) {
        stream.launch(kernel, grid, launch.threads(), launch.sharedBytes(), pointers);
    }

    private static long words(Arg arg) {
        return arg instanceof Arg.WordsArg(var list) ? list.size() : 1;
    }
}
