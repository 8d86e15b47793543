package dev.filigree.api.plan;

import dev.filigree.api.tensor.DType;
import dev.filigree.api.tensor.Strides;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A symbolic tensor of a plan.
 *
 * @param ref its name
 * @param role who owns it
 * @param dtype how elements are stored
 * @param dims axes, outermost first; only the first may be variable
 * @param strides distances in elements; row-major unless the tensor is a view into a wider one
 */
public record TensorDecl(TensorRef ref, TensorRole role, DType dtype, List<Dim> dims, Strides strides) {

    /** Checks axes and strides. */
    public TensorDecl {
        dims = List.copyOf(dims);
        for (int axis = 1; axis < dims.size(); axis++) {
            if (dims.get(axis).variable()) {
                throw new PlanException("tensor " + ref + ": only the outermost axis may be variable, not "
                        + dims.get(axis).axis());
            }
        }
        if (strides.steps().size() != dims.size()) {
            throw new PlanException("tensor " + ref + ": strides " + strides + " must have " + dims.size() + " axes");
        }
    }

    /** A contiguous symbolic tensor. */
    public static TensorDecl of(String name, TensorRole role, DType dtype, Dim... dims) {
        return new TensorDecl(TensorRef.of(name), role, dtype, List.of(dims), rowMajor(List.of(dims)));
    }

    /** The same tensor under another name and role. */
    public TensorDecl as(TensorRef newRef, TensorRole newRole) {
        return new TensorDecl(newRef, newRole, dtype, dims, strides);
    }

    /** Number of axes. */
    public int rank() {
        return dims.size();
    }

    /** The largest extent of one axis. */
    public long capacity(int axis) {
        return dims.get(axis).capacity();
    }

    /** Product of the extents of all axes but the first: the row width of a packed batch. */
    public long rowElements() {
        long product = 1;
        for (int axis = 1; axis < dims.size(); axis++) {
            product = Math.multiplyExact(product, capacity(axis));
        }
        return product;
    }

    /** Bytes from the first element to the end of the last at full capacity. */
    public long capacityBytes() {
        long last = 0;
        for (int axis = 0; axis < rank(); axis++) {
            if (capacity(axis) == 0) {
                return 0;
            }
            last = Math.addExact(last, Math.multiplyExact(capacity(axis) - 1, strides.step(axis)));
        }
        return dtype.bytes(last + 1);
    }

    /** Elements of a run. */
    public long numElements(Axes axes) {
        long product = 1;
        for (Dim dim : dims) {
            product = Math.multiplyExact(product, dim.extent(axes));
        }
        return product;
    }

    /** Whether elements lie side by side in row-major order. */
    public boolean isContiguous() {
        return strides.equals(rowMajor(dims));
    }

    private static Strides rowMajor(List<Dim> dims) {
        Long[] steps = new Long[dims.size()];
        long step = 1;
        for (int axis = dims.size() - 1; axis >= 0; axis--) {
            steps[axis] = step;
            step = Math.multiplyExact(step, Math.max(1, dims.get(axis).capacity()));
        }
        return new Strides(List.of(steps));
    }

    @Override
    public String toString() {
        return ref + " [" + dims.stream().map(Dim::toString).collect(Collectors.joining(", ")) + "] " + dtype
                + (isContiguous() ? "" : " strides " + strides);
    }
}
