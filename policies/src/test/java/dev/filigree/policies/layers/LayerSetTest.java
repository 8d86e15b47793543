package dev.filigree.policies.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.ModelGeometry;
import dev.filigree.api.policy.PolicyRefusal;
import dev.filigree.policies.dense.DensePolicy;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Layers by number. */
class LayerSetTest {
    @Test
    void rangesAndSingleLayersAreRead() {
        LayerSet layers = LayerSet.parse(" 0-2,5 , 7 - 7");
        assertEquals("0-2, 5, 7", layers.toString());
        assertTrue(layers.contains(1) && layers.contains(5) && layers.contains(7));
        assertFalse(layers.contains(3) || layers.contains(6) || layers.contains(8));
        assertEquals(7, layers.last());
        assertTrue(layers.overlaps(LayerSet.parse("2-4")));
        assertFalse(layers.overlaps(LayerSet.parse("3-4, 6, 8")));
        assertEquals(LayerSet.NONE, LayerSet.parse(" "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "1-", "-1", "3-2", "1,,2", "1 2", "99999999"})
    void otherTextIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> LayerSet.parse(text));
    }

    @Test
    void layersTheModelDoesNotHaveAreRefused() {
        LayersPolicy policy = new LayersPolicy(
                List.of(new LayersPolicy.LayerPolicy(LayerSet.parse("1-4"), new DensePolicy())), new DensePolicy());
        PolicyRefusal e = assertThrows(PolicyRefusal.class, () -> policy.kvNeeds(ModelGeometry.of(4, 2, 2, 8)));
        assertEquals("layers must be 0 to 3, not 1-4", e.sentence());
    }
}
