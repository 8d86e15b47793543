package dev.filigree.host.explain;

import dev.filigree.api.attention.AttentionPlan;
import dev.filigree.api.kvcache.KvCachePlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What each KV head of each layer computes and where it is cached, heads that are alike together. */
final class HeadText {
    private HeadText() {}

    static String of(KvCachePlan kv, List<AttentionPlan> prefill, List<AttentionPlan> decode) {
        Map<String, List<String>> layers = new LinkedHashMap<>();
        for (int layer = 0; layer < prefill.size(); layer++) {
            String text = layer(kv, layer, prefill.get(layer), decode.get(layer));
            layers.computeIfAbsent(text, key -> new ArrayList<>()).add(String.valueOf(layer));
        }
        StringBuilder text = new StringBuilder();
        layers.forEach((heads, numbers) -> text.append("  ")
                .append(numbers.size() == 1 ? "layer " : "layers ")
                .append(String.join(", ", numbers))
                .append('\n')
                .append(heads));
        return text.toString();
    }

    private static String layer(KvCachePlan kv, int layer, AttentionPlan prefill, AttentionPlan decode) {
        Map<String, List<String>> heads = new LinkedHashMap<>();
        for (int head = 0; head < kv.geometry().numKvHeads(); head++) {
            String now = prefill.patterns().getOrDefault(head, "nothing");
            String then = decode.patterns().getOrDefault(head, "nothing");
            String pattern = now.equals(then) ? now : now + " in prefill, " + then + " in decode";
            String place = kv.classes().get(kv.classOf(layer, head)).name();
            heads.computeIfAbsent(pattern + ", KV class " + place, key -> new ArrayList<>())
                    .add(String.valueOf(head));
        }
        StringBuilder text = new StringBuilder();
        heads.forEach((what, numbers) -> text.append("    KV heads ")
                .append(String.join(", ", numbers))
                .append(": ")
                .append(what)
                .append('\n'));
        return text.toString();
    }
}
