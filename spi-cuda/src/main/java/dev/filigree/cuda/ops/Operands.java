package dev.filigree.cuda.ops;

import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.DType;
import java.util.stream.Stream;

/** What the kernels for compute capability 9.0 ask of the tensors that they read and write. */
final class Operands {
    private Operands() {}

    static boolean is16Bit(DType dtype) {
        return dtype == DType.BF16 || dtype == DType.F16;
    }

    /** Whether elements lie side by side in row-major order. */
    static boolean isPacked(TensorDecl decl) {
        long step = 1;
        for (int axis = decl.rank() - 1; axis >= 0; axis--) {
            if (decl.strides().step(axis) != step) {
                return false;
            }
            step *= decl.capacity(axis);
        }
        return true;
    }

    /** The same of several. */
    static boolean arePacked(Tensors tensors, TensorRef... refs) {
        return Stream.of(refs).map(tensors::get).allMatch(Operands::isPacked);
    }
}
