package dev.filigree.cuda;

import dev.filigree.cuda.driver.CudaContext;
import dev.filigree.cuda.driver.KernelCall;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Field;
import dev.filigree.cuda.launch.Launch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.ToLongFunction;

/** One launch with its kernel loaded and its parameters laid out in native memory. */
final class Step {
    private static final int WORD = 8;
    private static final int STRUCT_ALIGNMENT = 64;

    private final String opName;
    private final Launch launch;
    private final KernelCall call;
    private final MemorySegment values;

    /** Lays out parameters; {@code address} answers for arguments that are addresses. */
    Step(String opName, Launch launch, CudaContext context, Arena arena) {
        this.opName = opName;
        this.launch = launch;
        long words = launch.args().stream().mapToLong(Step::words).sum();
        values = arena.allocate(Math.max(1, words) * WORD, STRUCT_ALIGNMENT);
        call = new KernelCall(
                context.kernel(launch.symbol(), launch.sharedBytes()),
                new int[] {launch.gridX(), launch.gridY(), launch.gridZ()},
                launch.threads(),
                launch.sharedBytes(),
                arena.allocate(Math.max(1, launch.args().size()) * (long) WORD, 16));
    }

    String opName() {
        return opName;
    }

    /** Writes the parameters. */
    void fill(ToLongFunction<Arg> address) {
        long at = 0;
        int index = 0;
        for (Arg arg : launch.args()) {
            call.parameters().setAtIndex(ValueLayout.JAVA_LONG, index++, values.address() + at);
            switch (arg) {
                case Arg.IntArg(int value) -> values.set(ValueLayout.JAVA_INT, at, value);
                case Arg.FloatArg(float value) -> values.set(ValueLayout.JAVA_FLOAT, at, value);
                case Arg.WordsArg(var list) -> {
                    for (int i = 0; i < list.size(); i++) {
                        values.set(ValueLayout.JAVA_LONG, at + (long) WORD * i, list.get(i));
                    }
                }
                case Arg.StructArg struct -> {} // see fillStruct
                default -> values.set(ValueLayout.JAVA_LONG, at, address.applyAsLong(arg));
            }
            at += words(arg) * WORD;
        }
    }

    /** Writes the structure that is the only parameter of some kernels; answers whether it is other than it was. */
    boolean fillStruct(StructWriter writer, long scratch) {
        return launch.args().size() == 1
                && launch.args().get(0) instanceof Arg.StructArg struct
                && writer.write(struct, values, scratch);
    }

    boolean usesScratch() {
        return launch.args().stream().anyMatch(Step::usesScratch);
    }

    private static boolean usesScratch(Arg arg) {
        return arg instanceof Arg.ScratchArg
                || arg instanceof Arg.StructArg(int bytes, var fields)
                        && fields.stream()
                                .anyMatch(f -> f instanceof Field.AddressField a
                                                && a.area() instanceof Field.Area.Scratch
                                        || f instanceof Field.MapField m && m.area() instanceof Field.Area.Scratch);
    }

    KernelCall call() {
        return call;
    }

    private static long words(Arg arg) {
        return switch (arg) {
            case Arg.WordsArg(var list) -> list.size();
            case Arg.StructArg(int bytes, var fields) -> bytes / WORD;
            default -> 1;
        };
    }
}
