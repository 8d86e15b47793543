package dev.filigree.cuda.launch;

import dev.filigree.api.plan.TensorRef;
import java.util.List;

/** An argument of a kernel. Nothing in it differs between runs: tensors are entries of a table that runs rewrite. */
public sealed interface Arg {
    /** Address of a tensor's entry in the table. */
    record TensorArg(TensorRef ref) implements Arg {}

    /** Address of the table itself, for lists of tensors. */
    record TableArg() implements Arg {}

    /** Address of the table indices of several tensors. */
    record TensorsArg(List<TensorRef> refs) implements Arg {
        /** Copies the list. */
        public TensorsArg {
            refs = List.copyOf(refs);
        }
    }

    /** A null address. */
    record NullArg() implements Arg {}

    /** A 32-bit integer. */
    record IntArg(int value) implements Arg {}

    /** A 32-bit float. */
    record FloatArg(float value) implements Arg {}

    /** Address of constant integers in device memory. */
    record IntsArg(List<Integer> values) implements Arg {
        /** Copies the list. */
        public IntsArg {
            values = List.copyOf(values);
        }
    }

    /** A structure of 64-bit words, by value. */
    record WordsArg(List<Long> words) implements Arg {
        /** Copies the list. */
        public WordsArg {
            words = List.copyOf(words);
        }
    }

    /**
     * A structure by value that holds addresses and extents of the run itself: what tensor maps need, and what keeps a kernel's
     * parameters in the constant bank.
     *
     * @param bytes its size, a multiple of 8
     */
    record StructArg(int bytes, List<Field> fields) implements Arg {
        /** Copies the list. */
        public StructArg {
            fields = List.copyOf(fields);
        }
    }

    /** Address of the step's scratch. */
    record ScratchArg() implements Arg {}
}
