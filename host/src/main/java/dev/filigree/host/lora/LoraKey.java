package dev.filigree.host.lora;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a tensor of an adapter file is, by its name. PEFT writes {@code base_model.model.LAYER.lora_A.weight}, also with the
 * adapter's name before {@code weight}; diffusers writes the same after {@code transformer.} or {@code unet.}, and wrote
 * {@code LAYER.lora.down.weight}, {@code LAYER.lora_linear_layer.down.weight} and {@code ATTENTION.processor.to_q_lora.down.weight}.
 *
 * @param layer as the file has it
 * @param part which tensor of the layer
 */
record LoraKey(String layer, Part part) {

    /** Tensors that an adapter has for a layer. */
    enum Part {
        /** {@code [rank, inFeatures]}. */
        DOWN,
        /** {@code [outFeatures, rank]}. */
        UP,
        /** A number that stands for the strength, over the rank. */
        ALPHA
    }

    private static final Pattern PEFT = Pattern.compile("(.+)\\.lora_([AB])(?:\\.[A-Za-z0-9_-]+)?\\.weight");
    private static final Pattern NAMED =
            Pattern.compile("(.+?)(?:\\.lora\\.|\\.lora_linear_layer\\.|\\.lora_)(down|up)\\.weight");
    private static final Pattern PROCESSOR =
            Pattern.compile("(.+)\\.processor\\.(to_[a-z]+)_lora\\.(down|up)\\.weight");
    private static final Pattern ALPHA = Pattern.compile("(.+?)(?:\\.lora)?\\.alpha");

    /** Prefixes that say which part of a pipeline, or which wrapper, a layer belongs to. */
    private static final List<String> PREFIXES = List.of(
            "base_model.model.", "base_model.", "transformer.", "unet.", "diffusion_model.", "model.diffusion_model.");

    /** Names that diffusers has for layers which checkpoints of this project call otherwise. */
    private static final Map<String, String> ENDINGS =
            Map.of(".to_out.0", ".to_out", ".ff.net.0.proj", ".ff_in", ".ff.net.2", ".ff_out");

    /** The meaning of a name; empty if it is none of these. */
    static Optional<LoraKey> of(String name) {
        Matcher processor = PROCESSOR.matcher(name);
        if (processor.matches()) {
            return Optional.of(new LoraKey(
                    processor.group(1) + "." + processor.group(2),
                    part(processor.group(3).equals("down"))));
        }
        Matcher peft = PEFT.matcher(name);
        if (peft.matches()) {
            return Optional.of(new LoraKey(peft.group(1), part(peft.group(2).equals("A"))));
        }
        Matcher named = NAMED.matcher(name);
        if (named.matches()) {
            return Optional.of(new LoraKey(named.group(1), part(named.group(2).equals("down"))));
        }
        Matcher alpha = ALPHA.matcher(name);
        return alpha.matches() ? Optional.of(new LoraKey(alpha.group(1), Part.ALPHA)) : Optional.empty();
    }

    private static Part part(boolean down) {
        return down ? Part.DOWN : Part.UP;
    }

    /** The layer of a model that is meant, if it has one. */
    Optional<String> find(Set<String> layers) {
        Set<String> candidates = new LinkedHashSet<>(List.of(layer));
        for (int i = 0; i < PREFIXES.size(); i++) {
            for (String candidate : new ArrayList<>(candidates)) {
                PREFIXES.stream()
                        .filter(candidate::startsWith)
                        .forEach(prefix -> candidates.add(candidate.substring(prefix.length())));
            }
        }
        for (String candidate : new ArrayList<>(candidates)) {
            ENDINGS.forEach((theirs, ours) -> {
                if (candidate.endsWith(theirs)) {
                    candidates.add(candidate.substring(0, candidate.length() - theirs.length()) + ours);
                }
            });
        }
        return candidates.stream().filter(layers::contains).findFirst();
    }
}
