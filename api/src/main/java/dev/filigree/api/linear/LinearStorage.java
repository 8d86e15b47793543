package dev.filigree.api.linear;

import dev.filigree.api.tensor.DType;
import java.util.Optional;

/**
 * How a checkpoint stores a linear layer at low bit width: {@code y = ((x + shift) / smooth) Q^T + x (up down)^T + bias},
 * where Q are the numbers that codes stand for (SVDQuant section 4; QServe section 4). What is computed in, is up to the
 * policy.
 *
 * @param weight codes {@code qweight [outFeatures, inFeatures]} and scales {@code wscales [outFeatures, numGroups]}
 * @param zeros dtype of {@code wzeros [outFeatures, numGroups]}, added to scale times code; absent: 0
 * @param channelScales dtype of {@code channel_scales [outFeatures]}, a further factor per output; absent: 1
 * @param bias dtype of {@code bias [outFeatures]}; absent: 0
 * @param smooth dtype of {@code smooth [inFeatures]}, which the low-bit side divides x by; absent: 1
 * @param shift added to x on the low-bit side so that it is never negative; the bias makes up for it
 * @param rank of the branch {@code low_rank_down [rank, inFeatures]}, {@code low_rank_up [outFeatures, rank]}; 0: none
 * @param lowRank dtype of both factors
 */
public record LinearStorage(
        QuantFormat weight,
        Optional<DType> zeros,
        Optional<DType> channelScales,
        Optional<DType> bias,
        Optional<DType> smooth,
        float shift,
        long rank,
        DType lowRank) {

    /** Checks the numbers. */
    public LinearStorage {
        if (rank < 0 || !(shift >= 0) || Float.isInfinite(shift)) {
            throw new IllegalArgumentException(
                    "rank must be 0 or more and shift finite and 0 or more, not " + rank + " and " + shift);
        }
    }

    /** Codes and scales alone. */
    public static LinearStorage of(QuantFormat weight) {
        return new LinearStorage(
                weight, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), 0, 0, DType.BF16);
    }
}
