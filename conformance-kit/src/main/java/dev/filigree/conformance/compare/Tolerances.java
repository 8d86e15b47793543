package dev.filigree.conformance.compare;

import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.ActivationQuantize;
import dev.filigree.api.op.BlockSparseAttention;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.MergeStates;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * Every tolerance of the kit, per op and coarsest float dtype among the op's tensors. Backends have no multipliers.
 * u is the unit roundoff of a dtype: 2^-24 for f32, 2^-11 for f16, 2^-8 for bf16.
 */
public final class Tolerances {
    private Tolerances() {}

    /** The tolerance of one output of one step. */
    public static Tolerance of(Op op, Tensors tensors, TensorRef output) {
        TensorDecl decl = tensors.get(output);
        if (!decl.dtype().isFloating()) {
            return Tolerance.EXACT;
        }
        if (isLse(op, output)) {
            return lse();
        }
        DType coarsest = coarsest(op, tensors);
        return switch (op.opName()) {
            case "DenseAttention", "StreamingAttention", "BlockSparseAttention", "PagedAttention" ->
                attention(coarsest);
            case "MergeStates" -> merge(coarsest);
            case "AntidiagonalScore", "PageScore" -> score();
            case "Linear", "LowBitLinear", "LowRankDown", "LowRankUp", "LoraApply" -> linear(coarsest);
            // Codes and scales are exact; the row sums are fp32 sums like any other.
            case "ActivationQuantize" ->
                ((ActivationQuantize) op).sums().filter(output::equals).isPresent() ? score() : Tolerance.EXACT;
            case "Embedding", "KvDequantize" -> Tolerance.EXACT;
            default -> elementwise(coarsest);
        };
    }

    /** Attention outputs. */
    public static Tolerance attention(DType coarsest) {
        return switch (coarsest) {
            // Scores up to 40 in fp32 carry 40 * sqrt(256) u of error, 4e-5, which exp turns into a relative one.
            case F32 -> new Tolerance(0x1p-13, 0x1p-13, 1e-9);
            // Probabilities may be f16 before the product with V: u/2 on average, 8 u for the worst of 10^5 elements
            // in channels up to 8 times the rms, plus u for the result.
            case F16 -> new Tolerance(0x1p-8, 0x1p-9, 1e-6);
            // As f16 with u = 2^-8.
            case BF16 -> new Tolerance(0x1p-5, 0x1p-6, 4e-5);
            default -> throw noTolerance("attention", coarsest);
        };
    }

    /** Logarithms of softmax denominators: fp32 whatever the storage, scores up to 40 with 4e-5 of error. */
    public static Tolerance lse() {
        return new Tolerance(0x1p-14, 0x1p-14, 1e-9);
    }

    /** Merged states. */
    public static Tolerance merge(DType coarsest) {
        return switch (coarsest) {
            // Two exponentials and a weighted sum of few parts in fp32: 16 u.
            case F32 -> new Tolerance(0x1p-20, 0x1p-20, 1e-12);
            // One rounding of the result, twice for a value near a tie: 2 u.
            case F16 -> new Tolerance(0x1p-10, 0x1p-10, 1e-6);
            case BF16 -> new Tolerance(0x1p-7, 0x1p-7, 4e-5);
            default -> throw noTolerance("MergeStates", coarsest);
        };
    }

    /** Block masses, page scores and row sums: fp32 sums of up to 4096 products, 2^6 u on average, 2^3 for the worst. */
    public static Tolerance score() {
        return new Tolerance(0x1p-14, 0x1p-14, 1e-9);
    }

    /** Outputs of linear layers. */
    public static Tolerance linear(DType coarsest) {
        return switch (coarsest) {
            // fp32 sums of up to 4096 products: 2^6 u on average, 2^4 for the worst of 10^5 elements.
            case F32 -> new Tolerance(0x1p-14, 0x1p-14, 1e-10);
            // One rounding of the result and the fp32 sum before it: 2 u.
            case F16 -> new Tolerance(0x1p-10, 0x1p-10, 1e-6);
            case BF16 -> new Tolerance(0x1p-7, 0x1p-7, 4e-5);
            default -> throw noTolerance("linear", coarsest);
        };
    }

    /** Norms, activations, rotations, sums. */
    public static Tolerance elementwise(DType coarsest) {
        return switch (coarsest) {
            // A dozen fp32 operations, a library function of 2 u among them: 32 u.
            case F32 -> new Tolerance(0x1p-19, 0x1p-19, 1e-12);
            // One rounding of the result, twice for a value near a tie: 2 u.
            case F16 -> new Tolerance(0x1p-10, 0x1p-10, 1e-6);
            case BF16 -> new Tolerance(0x1p-7, 0x1p-7, 4e-5);
            default -> throw noTolerance("elementwise", coarsest);
        };
    }

    /**
     * Rotated keys as they read back from pages. Cosines differ in their last bit between backends, which may move a
     * value across the border of a code: one step of a range of 8 rms, for few elements.
     */
    public static Tolerance rotatedStorage(KvPrecision precision, DType keys) {
        return switch (precision) {
            case INT8 -> new Tolerance(8.0 / 255 * 1.5, 0x1p-6, 1e-4);
            case INT4 -> new Tolerance(8.0 / 15 * 1.5, 0x1p-6, 4e-3);
            case F16, BF16, F32 -> {
                boolean bf16 = precision == KvPrecision.BF16 || keys == DType.BF16;
                boolean f16 = precision == KvPrecision.F16 || keys == DType.F16;
                yield elementwise(bf16 ? DType.BF16 : f16 ? DType.F16 : DType.F32);
            }
        };
    }

    /**
     * How far a vector may be off after a page: half a code, what f16 takes from scale and zero over all codes, {@code s (1/2 +
     * (Q + 2 |z|) 2^-11)}, and a rounding of the result. Where the range is too small for a scale or too far from 0 for a zero,
     * all channels read back as its middle.
     */
    public static double roundTrip(KvPrecision precision, float[] vector) {
        double max = Double.NEGATIVE_INFINITY;
        double min = Double.POSITIVE_INFINITY;
        for (float value : vector) {
            max = Math.max(max, value);
            min = Math.min(min, value);
        }
        double magnitude = Math.max(Math.abs(max), Math.abs(min));
        double rounding = 0x1p-10 * magnitude + 0x1p-24;
        if (!precision.isQuantized()) {
            return switch (precision) {
                case F32 -> 0;
                case BF16 -> 0x1p-8 * magnitude;
                default -> rounding;
            };
        }
        double step = (max - min) / precision.maxCode();
        double zero = -min / step;
        boolean constant = step < 0x1p-24 || !(Math.abs(zero) < 65520);
        return rounding
                + (constant ? (max - min) / 2 : step * (0.5 + (precision.maxCode() + 2 * Math.abs(zero)) * 0x1p-11));
    }

    private static boolean isLse(Op op, TensorRef output) {
        TensorRef lse = switch (op) {
            case DenseAttention a -> a.lse();
            case StreamingAttention a -> a.lse();
            case BlockSparseAttention a -> a.lse();
            case PagedAttention a -> a.lse();
            case MergeStates a -> a.lse();
            default -> null;
        };
        return output.equals(lse);
    }

    private static DType coarsest(Op op, Tensors tensors) {
        List<TensorRef> refs = new ArrayList<>(op.inputs());
        refs.addAll(op.outputs());
        boolean bf16 = refs.stream().anyMatch(ref -> tensors.get(ref).dtype() == DType.BF16);
        boolean f16 = refs.stream().anyMatch(ref -> tensors.get(ref).dtype() == DType.F16);
        return bf16 ? DType.BF16 : f16 ? DType.F16 : DType.F32;
    }

    private static IllegalArgumentException noTolerance(String op, DType dtype) {
        return new IllegalArgumentException(op + " has tolerances for f32, f16 and bf16, not " + dtype);
    }
}
