package dev.filigree.vulkan.ops;

import dev.filigree.api.plan.Axes;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.DType;
import dev.filigree.vulkan.device.Matrices;
import dev.filigree.vulkan.launch.Launch;
import java.util.function.ToLongFunction;

/**
 * How prefill attention is cut into work groups.
 *
 * @param shader the end of the shader's name, empty where one work group serves one row
 * @param rows query rows of a work group
 * @param keys keys of a tile on matrices of a work group; 0 elsewhere
 * @param dqk width of queries and keys in the shader, 0 where it adapts
 * @param dvo width of values in the shader
 */
record AttentionTile(String shader, int rows, int keys, int dqk, int dvo) {
    /** Query rows of a work group on fragments; the same in {@code cooperative_attention.glsl}. */
    private static final int FRAGMENT_ROWS = 64;

    /** How many times faster than plain shaders matrices are, roughly. */
    private static final int FRAGMENT_SPEED = 10;

    static final int WORKGROUP_SPEED = 100;

    private static final int FRAGMENT = 16;
    private static final int FRAGMENT_SUBGROUPS = 4;

    /** Rows and keys of a tile on matrices of a work group; wider heads have fewer keys, so that all stays in registers. */
    private static final int ROWS = 64;

    private static final int KEYS = 64;
    private static final int GRAIN = 32;
    private static final long MOST_WIDTH = 256;
    private static final int MOST_FULL_WIDTH = 128;

    /** Below so many rows a tile would be nearly empty. */
    private static final long FEWEST_ROWS = 16;

    /** The tile of an op over these tensors. */
    static AttentionTile of(Tensors t, Matrices matrices, TensorRef q, TensorRef k, TensorRef v, TensorRef out) {
        DType dtype = t.get(q).dtype();
        long qk = t.get(q).capacity(2);
        long vo = t.get(out).capacity(2);
        boolean serves = t.get(k).dtype() == dtype
                && t.get(v).dtype() == dtype
                && LinearRecipes.eights(t, q)
                && LinearRecipes.eights(t, k)
                && LinearRecipes.eights(t, v)
                && t.get(q).capacity(0) >= FEWEST_ROWS;
        boolean stores = LinearRecipes.stores(t, out, dtype);
        if (serves && stores && matrices.workgroup().contains(dtype) && Math.max(qk, vo) <= MOST_WIDTH) {
            int keys = Math.max(qk, vo) > MOST_FULL_WIDTH ? KEYS / 2 : KEYS;
            return new AttentionTile(Matrices.workgroupShader(dtype), ROWS, keys, whole(qk), whole(vo));
        }
        boolean fragments = qk % FRAGMENT == 0 && vo % FRAGMENT == 0 && Math.max(qk, vo) <= matrices.mostHeadDim();
        return serves && fragments && matrices.types().contains(dtype)
                ? new AttentionTile(matrices.shader(dtype), FRAGMENT_ROWS, 0, (int) qk, (int) vo)
                : new AttentionTile("", 1, 0, 0, 0);
    }

    private static int whole(long width) {
        return (int) Math.ceilDiv(width, GRAIN) * GRAIN;
    }

    /** Whether one work group serves one row. */
    boolean plain() {
        return dqk == 0;
    }

    /** Plain operations that take as long as one product of a work group with so many keys. */
    private long work(long numKeys, long widths) {
        long operations = 2L * rows * numKeys * widths;
        return plain() ? operations : operations / (keys == 0 ? FRAGMENT_SPEED : WORKGROUP_SPEED);
    }

    /** Adds the sizes and the number of work groups to a launch. */
    Launch apply(Launch launch, Tensors t, TensorRef k, TensorRef v, ToLongFunction<Axes> groups) {
        long widths = t.get(k).capacity(2) + t.get(v).capacity(2);
        launch.work(axes -> work(Recipes.rows(t, k, axes), widths));
        if (plain()) {
            return launch;
        }
        launch.spec("DQK", dqk).spec("DVO", dvo).groups(groups);
        return keys == 0
                ? launch.subgroups(FRAGMENT_SUBGROUPS)
                : launch.spec("ROWS", rows).spec("KEYS", keys).lanes(Matrices.WORKGROUP);
    }
}
