package dev.filigree.host.diffusion;

import java.util.ArrayList;
import java.util.List;

/**
 * Linear layers of a block that read the same input.
 *
 * @param name such as {@code transformer_blocks.0.attn1.qkv}
 * @param linears names of the layers, with their output features
 * @param inFeatures columns of each weight
 * @param afterGelu whether the input comes out of a GELU, so that hardly any of it is negative
 */
public record DitGroup(String name, List<Layer> linears, int inFeatures, boolean afterGelu) {

    /**
     * A linear layer.
     *
     * @param name in the checkpoint, without {@code .weight}
     * @param outFeatures rows of its weight
     */
    public record Layer(String name, int outFeatures) {}

    /** Copies the list. */
    public DitGroup {
        linears = List.copyOf(linears);
    }

    /** The groups of all blocks: what is worth quantizing. Everything outside of the blocks is small and stays as it is. */
    public static List<DitGroup> all(DitConfig config) {
        List<DitGroup> groups = new ArrayList<>();
        for (int block = 0; block < config.numLayers(); block++) {
            groups.addAll(List.of(
                    selfQkv(config, block),
                    selfOut(config, block),
                    crossQuery(config, block),
                    crossKv(config, block),
                    crossOut(config, block),
                    mlpIn(config, block),
                    mlpOut(config, block)));
        }
        return groups;
    }

    static DitGroup selfQkv(DitConfig c, int block) {
        return of(c, block, "attn1.qkv", List.of("attn1.to_q", "attn1.to_k", "attn1.to_v"));
    }

    static DitGroup selfOut(DitConfig c, int block) {
        return of(c, block, "attn1.to_out", List.of("attn1.to_out"));
    }

    static DitGroup crossQuery(DitConfig c, int block) {
        return of(c, block, "attn2.to_q", List.of("attn2.to_q"));
    }

    static DitGroup crossKv(DitConfig c, int block) {
        return of(c, block, "attn2.kv", List.of("attn2.to_k", "attn2.to_v"));
    }

    static DitGroup crossOut(DitConfig c, int block) {
        return of(c, block, "attn2.to_out", List.of("attn2.to_out"));
    }

    static DitGroup mlpIn(DitConfig c, int block) {
        String name = DitTensors.block(block) + "ff_in";
        int wide = c.hiddenSize() * c.mlpRatio();
        return new DitGroup(name, List.of(new Layer(name, wide)), c.hiddenSize(), false);
    }

    static DitGroup mlpOut(DitConfig c, int block) {
        String name = DitTensors.block(block) + "ff_out";
        int wide = c.hiddenSize() * c.mlpRatio();
        return new DitGroup(name, List.of(new Layer(name, c.hiddenSize())), wide, true);
    }

    private static DitGroup of(DitConfig c, int block, String name, List<String> linears) {
        String prefix = DitTensors.block(block);
        List<Layer> layers = linears.stream()
                .map(linear -> new Layer(prefix + linear, c.hiddenSize()))
                .toList();
        return new DitGroup(prefix + name, layers, c.hiddenSize(), false);
    }
}
