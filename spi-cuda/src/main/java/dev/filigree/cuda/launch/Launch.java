package dev.filigree.cuda.launch;

import dev.filigree.api.plan.TensorRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One kernel launch, a value that needs no device.
 *
 * @param symbol of the kernel
 * @param gridX blocks
 * @param gridY blocks
 * @param gridZ blocks
 * @param threads per block
 * @param sharedBytes dynamic shared memory per block
 * @param args in the kernel's order
 */
public record Launch(String symbol, int gridX, int gridY, int gridZ, int threads, int sharedBytes, List<Arg> args) {

    /** Copies the list. */
    public Launch {
        args = List.copyOf(args);
    }

    /** Starts a launch. */
    public static Builder of(String symbol, int threads) {
        return new Builder(symbol, threads);
    }

    /** Collects a launch. */
    public static final class Builder {
        private final String symbol;
        private final int threads;
        private final List<Arg> args = new ArrayList<>();
        private int sharedBytes;

        private Builder(String symbol, int threads) {
            this.symbol = symbol;
            this.threads = threads;
        }

        /** Dynamic shared memory. */
        public Builder shared(long bytes) {
            sharedBytes = Math.toIntExact(bytes);
            return this;
        }

        /** Tensors. */
        public Builder tensors(TensorRef... refs) {
            for (TensorRef ref : refs) {
                args.add(new Arg.TensorArg(ref));
            }
            return this;
        }

        /** A tensor or null. */
        public Builder tensor(Optional<TensorRef> ref) {
            args.add(ref.<Arg>map(Arg.TensorArg::new).orElseGet(Arg.NullArg::new));
            return this;
        }

        /** Integers. */
        public Builder ints(int... values) {
            for (int value : values) {
                args.add(new Arg.IntArg(value));
            }
            return this;
        }

        /** A flag. */
        public Builder flag(boolean value) {
            return ints(value ? 1 : 0);
        }

        /** A float. */
        public Builder number(float value) {
            args.add(new Arg.FloatArg(value));
            return this;
        }

        /** Any argument. */
        public Builder arg(Arg arg) {
            args.add(arg);
            return this;
        }

        /** The step's scratch. */
        public Builder scratch() {
            return arg(new Arg.ScratchArg());
        }

        /** Ends it with a grid of one dimension. */
        public Launch grid(long blocks) {
            return grid(blocks, 1, 1);
        }

        /** Ends it. */
        public Launch grid(long x, long y, long z) {
            return new Launch(
                    symbol, Math.toIntExact(x), Math.toIntExact(y), Math.toIntExact(z), threads, sharedBytes, args);
        }
    }
}
