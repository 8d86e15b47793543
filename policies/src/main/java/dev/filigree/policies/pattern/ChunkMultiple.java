package dev.filigree.policies.pattern;

import dev.filigree.api.attention.AttentionPolicy;
import java.math.BigInteger;
import java.util.List;

/** Chunk starts that suit several policies. */
public final class ChunkMultiple {
    private ChunkMultiple() {}

    /** The least common multiple of the policies' own. */
    public static int of(List<AttentionPolicy> policies) {
        BigInteger multiple = BigInteger.ONE;
        for (AttentionPolicy policy : policies) {
            BigInteger own = BigInteger.valueOf(policy.chunkMultiple());
            multiple = multiple.divide(multiple.gcd(own)).multiply(own);
        }
        return multiple.intValueExact();
    }
}
