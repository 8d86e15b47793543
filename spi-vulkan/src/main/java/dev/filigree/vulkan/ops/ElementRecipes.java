package dev.filigree.vulkan.ops;

import dev.filigree.api.op.*;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.vulkan.launch.Launch;

/** Norms, activations, rotations, embedding and the choice of tokens. */
final class ElementRecipes {
    private ElementRecipes() {}

    private static Launch elements(Launch launch, Tensors t, TensorRef rows, long width) {
        return launch.number("width", width).threads(axes -> Recipes.rows(t, rows, axes) * width);
    }

    static Launch embedding(Embedding e, Tensors t) {
        Launch launch = new Launch("embedding/embedding", t)
                .tensor("table", e.table())
                .tensor("ids", e.ids())
                .tensor("out", e.out());
        return elements(launch, t, e.ids(), t.get(e.table()).rowElements());
    }

    static Launch rmsNorm(RmsNorm r, Tensors t) {
        return norm(new Launch("rmsnorm/rms_norm", t).tensor("weight", r.weight()), t, r.x(), r.out())
                .real("eps", r.eps());
    }

    static Launch layerNorm(LayerNorm l, Tensors t) {
        return norm(
                        new Launch("layernorm/layer_norm", t)
                                .tensor("weight", l.weight())
                                .tensor("bias", l.bias()),
                        t,
                        l.x(),
                        l.out())
                .real("eps", l.eps());
    }

    private static Launch norm(Launch launch, Tensors t, TensorRef x, TensorRef out) {
        TensorDecl in = t.get(x);
        long n = in.capacity(in.rank() - 1);
        long perToken = in.rowElements() / Math.max(1, n);
        return launch.tensor("x", x)
                .tensor("out", out)
                .number("n", n)
                .number("perToken", perToken)
                .groups(axes -> Recipes.rows(t, x, axes) * perToken);
    }

    static Launch rope(Rope r, Tensors t) {
        TensorDecl x = t.get(r.x());
        long perToken = x.capacity(1) * (x.capacity(2) - r.rotary().rotaryDim() / 2);
        Launch launch = new Launch("rope/rope", t)
                .tensor("x", r.x())
                .tensor("positions", r.positions())
                .tensor("out", r.out())
                .tensor("frequencies", r.rotary().frequencies());
        return CacheRecipes.rotary(launch, r.rotary()).threads(axes -> Recipes.rows(t, r.x(), axes) * perToken);
    }

    static Launch swiGlu(SwiGlu s, Tensors t) {
        Launch launch = new Launch("swiglu/swi_glu", t)
                .tensor("gate", s.gate())
                .tensor("up", s.up())
                .tensor("out", s.out());
        return elements(launch, t, s.gate(), t.get(s.gate()).rowElements());
    }

    static Launch gelu(Gelu g, Tensors t) {
        Launch launch = new Launch("gelu/gelu", t)
                .spec("TANH", g.form() == Gelu.Form.TANH)
                .tensor("x", g.x())
                .tensor("out", g.out());
        return elements(launch, t, g.x(), t.get(g.x()).rowElements());
    }

    static Launch add(Add a, Tensors t) {
        Launch launch =
                new Launch("add/add", t).tensor("a", a.a()).tensor("b", a.b()).tensor("out", a.out());
        return elements(launch, t, a.a(), t.get(a.a()).rowElements());
    }

    static Launch modulate(Modulate m, Tensors t) {
        Launch launch = new Launch("modulate/modulate", t)
                .tensor("x", m.x())
                .tensor("qOffsets", m.qOffsets())
                .tensor("scale", m.scale())
                .tensor("shift", m.shift())
                .tensor("residual", m.residual())
                .tensor("out", m.out())
                .real("offset", m.offset());
        return elements(launch, t, m.x(), t.get(m.x()).rowElements());
    }

    static Launch argmax(Argmax a, Tensors t) {
        return new Launch("argmax/argmax", t)
                .tensor("logits", a.logits())
                .tensor("tokens", a.tokens())
                .groups(axes -> Recipes.rows(t, a.logits(), axes));
    }

    static Launch sample(Sample s, Tensors t) {
        TensorDecl logits = t.get(s.logits());
        return new Launch("sample/sample", t)
                .tensor("logits", s.logits())
                .tensor("temperatures", s.temperatures())
                .tensor("topKs", s.topKs())
                .tensor("topPs", s.topPs())
                .tensor("seeds", s.seeds())
                .tensor("positions", s.positions())
                .tensor("tokens", s.tokens())
                .scratch("weights", 0, 8 * logits.capacity(0) * logits.capacity(1))
                .groups(axes -> Recipes.rows(t, s.logits(), axes));
    }
}
