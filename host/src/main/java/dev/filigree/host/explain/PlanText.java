package dev.filigree.host.explain;

import dev.filigree.api.op.Op;
import dev.filigree.api.plan.Plan;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The steps of a decoder plan as text. Neighbouring layers whose steps differ in the layer's number only stand once. */
final class PlanText {
    private static final Pattern LAYER = Pattern.compile("\\blayer(s\\.)?(\\d+)\\.");

    private static final Pattern ABSENT = Pattern.compile(", \\w+=Optional\\.empty");

    private final List<Block> blocks = new ArrayList<>();

    /** Steps of a layer, with its number replaced; layer -1 for what belongs to none. */
    private record Block(int first, int last, List<String> steps) {}

    private PlanText(Plan plan) {
        List<String> steps = new ArrayList<>();
        int current = -1;
        for (Op op : plan.ops()) {
            String text = op.toString();
            int layer = layerOf(text, current);
            if (layer != current) {
                close(current, steps);
                steps = new ArrayList<>();
                current = layer;
            }
            String present = ABSENT.matcher(text).replaceAll("");
            steps.add(LAYER.matcher(present).replaceAll("layer$1N."));
        }
        close(current, steps);
    }

    static String of(Plan plan) {
        return new PlanText(plan).text(plan.name());
    }

    /** Steps that name no layer, such as an addition, belong to the one before them. */
    private static int layerOf(String step, int current) {
        Matcher matcher = LAYER.matcher(step);
        if (matcher.find()) {
            return Integer.parseInt(matcher.group(2));
        }
        boolean head = step.contains("lastRows") || step.contains("model.norm") || step.contains("logits");
        return head ? -1 : current;
    }

    private void close(int layer, List<String> steps) {
        if (steps.isEmpty()) {
            return;
        }
        Block before = blocks.isEmpty() ? null : blocks.getLast();
        if (before != null
                && before.first() >= 0
                && layer >= 0
                && before.steps().equals(steps)) {
            blocks.set(blocks.size() - 1, new Block(before.first(), layer, before.steps()));
        } else {
            blocks.add(new Block(layer, layer, steps));
        }
    }

    private String text(String name) {
        StringBuilder text = new StringBuilder("plan ").append(name).append('\n');
        for (Block block : blocks) {
            String indent = "  ";
            if (block.first() >= 0) {
                indent = "    ";
                text.append(block.first() == block.last() ? "  layer " : "  layers ")
                        .append(block.first());
                if (block.first() != block.last()) {
                    text.append(" to ").append(block.last()).append(", each");
                }
                text.append('\n');
            }
            for (String step : block.steps()) {
                text.append(indent).append(step).append('\n');
            }
        }
        return text.toString();
    }
}
