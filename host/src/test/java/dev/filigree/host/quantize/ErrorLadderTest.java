package dev.filigree.host.quantize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.select.BackendRequest;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.host.chart.LineChart;
import dev.filigree.host.quantize.math.Products;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * On layers shaped as FLUX's and Llama's with planted outliers, every step of SVDQuant lowers the output error. Small here;
 * {@code -Dfiligree.ladder=FOLDER} measures them in their own size and writes a table, a page and the plots.
 */
class ErrorLadderTest {
    private static final int ROWS = 1024;

    /** A kind of layer: its input, its outputs and whether it stands behind a GELU, in its own size. */
    private enum Shape {
        FLUX_QKV(3072, false, 3072, 3072, 3072),
        FLUX_OUT(3072, false, 3072),
        FLUX_FC1(3072, false, 12288),
        LLAMA_QKV(4096, false, 4096, 1024, 1024),
        LLAMA_GATE_UP(4096, false, 14336, 14336);

        private final int in;
        private final float shift;
        private final int[] out;

        Shape(int in, boolean afterGelu, int... out) {
            this.in = in;
            this.shift = afterGelu ? 0.171875f : 0;
            this.out = out;
        }

        PlantedLayers layers(int divisor) {
            return new PlantedLayers(
                    name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'),
                    ROWS,
                    in / divisor,
                    shift,
                    Arrays.stream(out).map(size -> size / divisor).toArray());
        }
    }

    private static GroupReport run(LinearModel model, int grids, int iterations) {
        QuantizeRecipe recipe = new QuantizeRecipe(
                Scheme.W4A4_INT4, QuantizeRecipe.Smoothing.FULL, grids, 32, Map.of(), iterations, true, List.of(), 1);
        try (Backend backend = BackendSelector.installed()
                        .select(BackendRequest.named("cpu-vector"), List.of(Products.sample()))
                        .backend();
                Products products = new Products(backend)) {
            return new QuantizeJob(model, recipe, products)
                    .run(report -> {})
                    .reports()
                    .getFirst();
        }
    }

    private static void requireFalling(GroupReport report) {
        assertEquals(GroupReport.STEPS, List.copyOf(report.errors().keySet()));
        double before = Double.POSITIVE_INFINITY;
        for (Map.Entry<String, Double> step : report.errors().entrySet()) {
            assertTrue(
                    step.getValue() < before,
                    () -> report.group() + " after " + step.getKey() + ": " + report.errors());
            before = step.getValue();
        }
    }

    @Test
    void everyStepLowersTheErrorOfEveryShape() {
        for (Shape shape : List.of(Shape.FLUX_QKV, Shape.FLUX_FC1, Shape.LLAMA_QKV)) {
            requireFalling(run(shape.layers(16), 8, 4));
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "filigree.ladder", matches = ".+")
    void measure() throws IOException {
        Path folder = Files.createDirectories(Path.of(System.getProperty("filigree.ladder", "")));
        List<GroupReport> reports = new ArrayList<>();
        for (String name : System.getProperty("filigree.ladder.shapes", "FLUX_OUT,LLAMA_QKV")
                .split(",")) {
            GroupReport report = run(Shape.valueOf(name).layers(1), 20, 10);
            requireFalling(report);
            reports.add(report);
            System.out.println(report.group() + " " + report.errors() + " seconds " + report.seconds() + " by "
                    + report.svd() + ", residual " + report.residual());
            for (LineChart chart : QuantizeReport.charts(report)) {
                Files.writeString(
                        folder.resolve(
                                chart.title().toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z0-9]+", "-")
                                        + ".svg"),
                        chart.svg());
            }
        }
        Files.writeString(folder.resolve("ladder.html"), QuantizeReport.html("Error ladder", reports));
    }
}
