package dev.filigree.host.chart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class HeatMapTest {
    private static HeatMap map(List<List<Double>> cells) {
        return new HeatMap("a < b", "layer", "head", List.of("0"), List.of("0", "1", "2"), cells, 0, 2, "%.1f");
    }

    @Test
    void coloursRunFromLowToHighAndEmptyCellsAreGrey() {
        String svg = map(List.of(List.of(0.0, 2.0, Double.NaN))).svg();
        assertTrue(svg.contains("fill=\"#fffde0\""));
        assertTrue(svg.contains("fill=\"#142d69\""));
        assertTrue(svg.contains("fill=\"#f2f2f2\""));
        assertTrue(svg.contains(">2.0</text>"));
        assertFalse(svg.contains("NaN"));
    }

    @Test
    void valuesOutsideTheRangeTakeItsEnds() {
        assertEquals(
                map(List.of(List.of(0.0, 2.0, 1.0)))
                        .svg()
                        .replace(">0.0<", "><")
                        .replace(">2.0<", "><"),
                map(List.of(List.of(-5.0, 7.0, 1.0)))
                        .svg()
                        .replace(">-5.0<", "><")
                        .replace(">7.0<", "><"));
    }

    @Test
    void textIsEscaped() {
        assertTrue(map(List.of(List.of(0.0, 0.0, 0.0))).svg().contains("a &lt; b"));
    }

    @Test
    void cellsMustFitTheLabels() {
        assertThrows(IllegalArgumentException.class, () -> map(List.of(List.of(1.0))));
    }
}
