package dev.filigree.api.plan;

import dev.filigree.api.op.Op;
import dev.filigree.api.tensor.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Collects tensors and steps into a {@link Plan}. Not thread-safe.
 *
 * {@snippet file="dev/filigree/integration/snippets/ApiSnippetsTest.java" region="plan"}
 */
public final class PlanBuilder {
    private final String name;
    private final Map<TensorRef, TensorDecl> decls = new LinkedHashMap<>();
    private final List<Op> ops = new ArrayList<>();

    /** A builder of an empty plan. */
    public PlanBuilder(String name) {
        this.name = name;
    }

    /**
     * Declares a contiguous tensor. Declaring the same tensor again is allowed when both declarations are equal.
     *
     * @throws PlanException if the name is taken by a different tensor
     */
    public TensorRef declare(String tensor, TensorRole role, DType dtype, Dim... dims) {
        return declare(TensorDecl.of(tensor, role, dtype, dims));
    }

    /** Declares a tensor; see {@link #declare(String, TensorRole, DType, Dim...)}. */
    public TensorRef declare(TensorDecl decl) {
        TensorDecl earlier = decls.putIfAbsent(decl.ref(), decl);
        if (earlier != null && !earlier.equals(decl)) {
            throw new PlanException("tensor " + decl.ref() + " is declared as " + earlier + " and as " + decl);
        }
        return decl.ref();
    }

    /** Declares a contiguous tensor that lives in the workspace. */
    public TensorRef temp(String tensor, DType dtype, Dim... dims) {
        return declare(tensor, TensorRole.TEMP, dtype, dims);
    }

    /** The declaration of a name. */
    public TensorDecl decl(TensorRef ref) {
        TensorDecl decl = decls.get(ref);
        if (decl == null) {
            throw new PlanException("tensor " + ref + " is used but not declared; declared are " + decls.keySet());
        }
        return decl;
    }

    /** Whether a name is declared. */
    public boolean has(TensorRef ref) {
        return decls.containsKey(ref);
    }

    /** Appends a step. */
    public PlanBuilder add(Op op) {
        ops.add(op);
        return this;
    }

    /** Appends all steps of another plan, sharing tensors of equal name. */
    public PlanBuilder inline(Plan part) {
        part.tensors().all().forEach(this::declare);
        ops.addAll(part.ops());
        return this;
    }

    /**
     * Appends all steps of another plan under new names.
     *
     * @throws PlanException if a tensor that the renaming joins is not declared here
     */
    public PlanBuilder inline(Plan part, Renaming names) {
        for (TensorDecl decl : part.tensors().all()) {
            if (names.joined().containsKey(decl.ref())) {
                decl(names.apply(decl.ref()));
            } else {
                declare(names.apply(decl));
            }
        }
        part.ops().stream().map(names::apply).forEach(ops::add);
        return this;
    }

    /**
     * The finished plan.
     *
     * @throws PlanException with the first contradiction
     */
    public Plan build() {
        return new Plan(name, new Tensors(decls.values()), ops);
    }
}
