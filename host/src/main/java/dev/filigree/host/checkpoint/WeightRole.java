package dev.filigree.host.checkpoint;

/** What a tensor of a decoder is for, with its name in a checkpoint; {@code %d} is the layer. Linear weights are [out, in]. */
public enum WeightRole {
    EMBEDDING("model.embed_tokens.weight"),
    ATTENTION_NORM("model.layers.%d.input_layernorm.weight"),
    QUERY("model.layers.%d.self_attn.q_proj.weight"),
    KEY("model.layers.%d.self_attn.k_proj.weight"),
    VALUE("model.layers.%d.self_attn.v_proj.weight"),
    OUTPUT("model.layers.%d.self_attn.o_proj.weight"),
    QUERY_BIAS("model.layers.%d.self_attn.q_proj.bias"),
    KEY_BIAS("model.layers.%d.self_attn.k_proj.bias"),
    VALUE_BIAS("model.layers.%d.self_attn.v_proj.bias"),
    OUTPUT_BIAS("model.layers.%d.self_attn.o_proj.bias"),
    QUERY_NORM("model.layers.%d.self_attn.q_norm.weight"),
    KEY_NORM("model.layers.%d.self_attn.k_norm.weight"),
    MLP_NORM("model.layers.%d.post_attention_layernorm.weight"),
    GATE("model.layers.%d.mlp.gate_proj.weight"),
    UP("model.layers.%d.mlp.up_proj.weight"),
    DOWN("model.layers.%d.mlp.down_proj.weight"),
    GATE_BIAS("model.layers.%d.mlp.gate_proj.bias"),
    UP_BIAS("model.layers.%d.mlp.up_proj.bias"),
    DOWN_BIAS("model.layers.%d.mlp.down_proj.bias"),
    FINAL_NORM("model.norm.weight"),
    LM_HEAD("lm_head.weight");

    private final String pattern;

    WeightRole(String pattern) {
        this.pattern = pattern;
    }

    /** Whether every layer has one. */
    public boolean perLayer() {
        return pattern.contains("%d");
    }

    /** The tensor's name; {@code layer} matters only to roles that are per layer. */
    public String tensorName(int layer) {
        return pattern.replace("%d", Integer.toString(layer));
    }
}
