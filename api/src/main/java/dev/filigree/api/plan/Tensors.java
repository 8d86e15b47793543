package dev.filigree.api.plan;

import dev.filigree.api.tensor.DType;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** The symbolic tensors of a plan by name, with the checks that ops make on them. Immutable. */
public final class Tensors {
    private final Map<TensorRef, TensorDecl> decls = new LinkedHashMap<>();

    /**
     * A table of distinct names.
     *
     * @throws PlanException if a name stands twice
     */
    public Tensors(Collection<TensorDecl> declarations) {
        for (TensorDecl decl : declarations) {
            if (decls.put(decl.ref(), decl) != null) {
                throw new PlanException("tensor " + decl.ref() + " is declared twice");
            }
        }
    }

    /** All declarations in order. */
    public Collection<TensorDecl> all() {
        return java.util.Collections.unmodifiableCollection(decls.values());
    }

    /** Whether the name is declared. */
    public boolean contains(TensorRef ref) {
        return decls.containsKey(ref);
    }

    /**
     * The declaration of a name.
     *
     * @throws PlanException if there is none
     */
    public TensorDecl get(TensorRef ref) {
        TensorDecl decl = decls.get(ref);
        if (decl == null) {
            throw new PlanException("tensor " + ref + " is used but not declared; declared are " + decls.keySet());
        }
        return decl;
    }

    /** Requires one of the dtypes. */
    public TensorDecl require(String op, TensorRef ref, DType... accepted) {
        TensorDecl decl = get(ref);
        if (!Arrays.asList(accepted).contains(decl.dtype())) {
            throw new PlanException(op + ": tensor " + decl + " must be " + Arrays.toString(accepted));
        }
        return decl;
    }

    /** Requires a float of 16 or 32 bits. */
    public TensorDecl requireFloat(String op, TensorRef ref) {
        return require(op, ref, DType.F32, DType.F16, DType.BF16);
    }

    /** Requires an i32 vector. */
    public TensorDecl requireIndices(String op, TensorRef ref) {
        return requireRank(op, require(op, ref, DType.I32), 1);
    }

    /** Requires the number of axes. */
    public TensorDecl requireRank(String op, TensorDecl decl, int rank) {
        if (decl.rank() != rank) {
            throw new PlanException(op + ": tensor " + decl + " must have " + rank + " axes");
        }
        return decl;
    }

    /** Requires the extent of one fixed axis. */
    public void requireExtent(String op, TensorDecl decl, int axis, long extent) {
        if (decl.dims().get(axis).variable() || decl.capacity(axis) != extent) {
            throw new PlanException(op + ": axis " + axis + " of tensor " + decl + " must be " + extent);
        }
    }

    /** Requires at least the given capacity of one axis. */
    public void requireCapacity(String op, TensorDecl decl, int axis, long atLeast) {
        if (decl.capacity(axis) < atLeast) {
            throw new PlanException(op + ": axis " + axis + " of tensor " + decl + " must be at least " + atLeast);
        }
    }

    /** Requires the same product of all axes but the first, or another given row width. */
    public void requireRow(String op, TensorDecl decl, long rowElements) {
        if (decl.rowElements() != rowElements) {
            throw new PlanException(op + ": tensor " + decl + " must have rows of " + rowElements + " elements, not "
                    + decl.rowElements());
        }
    }

    /** Requires row-major elements without gaps. */
    public void requireContiguous(String op, TensorDecl decl) {
        if (!decl.isContiguous()) {
            throw new PlanException(op + ": tensor " + decl + " must be contiguous");
        }
    }

    @Override
    public boolean equals(@org.jspecify.annotations.Nullable Object other) {
        return other instanceof Tensors that && decls.equals(that.decls);
    }

    @Override
    public int hashCode() {
        return decls.hashCode();
    }

    @Override
    public String toString() {
        return decls.values().toString();
    }
}
