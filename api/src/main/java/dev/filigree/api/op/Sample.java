package dev.filigree.api.op;

import dev.filigree.api.plan.Cost;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.plan.Workload;
import dev.filigree.api.tensor.DType;
import java.util.List;

/**
 * Draws the next token of each row. Rows are independent, so a sequence's tokens do not depend on what shares its
 * batch.
 *
 * <ol>
 *   <li>Temperature 0, or a largest logit that is NaN or infinite: the result of {@link Argmax}.
 *   <li>Order the vocabulary by falling logit, ties to the lower index; keep the first {@code topK} (0: all).
 *   <li>{@code p = softmax(logit / temperature)} over what was kept, in fp64; keep the shortest prefix whose sum
 *       reaches {@code topP} (at least one token; 1: all).
 *   <li>{@code u = (mix(seed + position * 0x9e3779b97f4a7c15) >>> 11) * 2^-53} with the SplitMix64 finaliser
 *       {@code mix} (Steele, Lea and Flood 2014, figure 10); take the first kept token whose running sum of p
 *       exceeds {@code u * total}.
 * </ol>
 *
 * @param logits {@code [numSeqs, vocab]} f32, f16 or bf16
 * @param temperatures {@code [numSeqs]} f32, 0 or more
 * @param topKs {@code [numSeqs]} i32, 0 for all
 * @param topPs {@code [numSeqs]} f32, above 0, 1 for all
 * @param seeds {@code [numSeqs]} i64
 * @param positions {@code [numSeqs]} i32, position of the token being drawn
 * @param tokens {@code [numSeqs]} i32
 */
public record Sample(
        TensorRef logits,
        TensorRef temperatures,
        TensorRef topKs,
        TensorRef topPs,
        TensorRef seeds,
        TensorRef positions,
        TensorRef tokens)
        implements Op {

    @Override
    public List<TensorRef> inputs() {
        return List.of(logits, temperatures, topKs, topPs, seeds, positions);
    }

    @Override
    public List<TensorRef> outputs() {
        return List.of(tokens);
    }

    @Override
    public void check(Tensors tensors) {
        TensorDecl rows = tensors.requireFloat(opName(), logits);
        tensors.requireRank(opName(), rows, 2);
        tensors.require(opName(), temperatures, DType.F32);
        tensors.require(opName(), topPs, DType.F32);
        tensors.require(opName(), seeds, DType.I64);
        for (TensorRef ref : List.of(topKs, positions, tokens)) {
            tensors.requireIndices(opName(), ref);
        }
    }

    @Override
    public Cost cost(Tensors tensors, Workload load) {
        double width = tensors.get(logits).rowElements();
        return new Cost(
                8 * load.numSeqs() * width, load.numSeqs() * Refs.rowBytes(tensors.get(logits)), load.numSeqs() * 4.0);
    }
}
