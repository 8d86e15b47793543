package dev.filigree.conformance.rates;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.KvPrecision;
import dev.filigree.api.op.KvPages;
import java.util.Optional;

/**
 * Decode of one token per sequence over pages in scattered order, bf16 queries, 32 query heads on 8 KV heads of 128 channels. A
 * plan is as many layers as read more than a device's cache holds, each with pages of its own.
 */
final class DecodeRates {
    static final int PAGE = 64;
    private static final int MOST_LAYERS = 32;

    private final TimedPlan timed;
    private final long beyondCache;

    DecodeRates(TimedPlan timed, long beyondCache) {
        this.timed = timed;
        this.beyondCache = beyondCache;
    }

    /** Every head reads the whole cache; the rate is of the pages read. */
    Rate dense(int batch, int context, KvPrecision precision) {
        KvPageLayout layout = layout(PrefillRates.KV_HEADS, precision, 0);
        double bytes = (double) batch * Math.ceilDiv(context, PAGE) * layout.pageBytes();
        int layers = layers(bytes);
        return Rate.bytes(seconds(batch, context, layout, layers) / layers, 1, bytes);
    }

    /** One sequence over the pages of many layers, which may be more than one allocation of a driver holds. */
    Rate deep(int layers, int context, KvPrecision precision) {
        KvPageLayout layout = layout(PrefillRates.KV_HEADS, precision, 0);
        double bytes = (double) layers * Math.ceilDiv(context, PAGE) * layout.pageBytes();
        return Rate.bytes(seconds(1, context, layout, layers), 1, bytes);
    }

    private double seconds(int batch, int context, KvPageLayout layout, int layers) {
        DecodeStep step = new DecodeStep(batch, context);
        for (int layer = 0; layer < layers; layer++) {
            KvPages kv = step.pages("layer" + layer, layout, new KvAddressing.Linear(), context);
            step.attend(
                    HeadMap.all(PrefillRates.QO_HEADS, PrefillRates.KV_HEADS), HeadPattern.DENSE, kv, Optional.empty());
        }
        return timed.seconds(step.builder.build(), step.words);
    }

    /** LServe's decode; see {@link LServeStep}. */
    Rate lserve(LServeStep step) {
        int layers = layers(step.bytes());
        return Rate.bytes(step.seconds(timed, layers) / layers, step.share(), step.bytes());
    }

    private int layers(double bytes) {
        return (int) Math.clamp((long) (beyondCache / bytes), 1, MOST_LAYERS);
    }

    static KvPageLayout layout(int heads, KvPrecision precision, int statistics) {
        return new KvPageLayout(heads, PAGE, PrefillRates.DIM, PrefillRates.DIM, precision, precision, statistics);
    }
}
