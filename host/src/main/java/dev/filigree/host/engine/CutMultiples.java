package dev.filigree.host.engine;

import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvClass;
import java.math.BigInteger;

/**
 * Lengths at which a sequence can be cut.
 *
 * @param statistics multiple at which the statistics of every class can: a logical page is whole or absent
 * @param rewind multiple at which prompt chunks may begin too
 */
record CutMultiples(int statistics, int rewind) {

    static CutMultiples of(KvCachePlan kv, int chunkMultiple) {
        int statistics = 1;
        for (KvClass c : kv.classes()) {
            statistics = multiple(statistics, Math.max(1, c.logicalPageSize()));
        }
        return new CutMultiples(statistics, multiple(statistics, chunkMultiple));
    }

    private static int multiple(int a, int b) {
        return BigInteger.valueOf(a)
                .divide(BigInteger.valueOf(a).gcd(BigInteger.valueOf(b)))
                .multiply(BigInteger.valueOf(b))
                .intValueExact();
    }
}
