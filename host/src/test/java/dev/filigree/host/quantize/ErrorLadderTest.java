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
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * On layers shaped as FLUX's and Llama's with planted outliers, every step of SVDQuant lowers the output error. Small here;
 * {@code -Dfiligree.ladder=FOLDER} measures them in their own size and writes a table, a page and the plots.
 */
class ErrorLadderTest {
    /** Per input channel: fewer rows leave GPTQ second moments that are chance. */
    private static final int ROWS_PER_CHANNEL = 3;

    private static final int MIN_ROWS = 1024;

    /** A kind of layer in its own size: its input and its outputs. */
    private record Shape(String name, int in, List<Integer> out) {
        PlantedLayers layers(int divisor) {
            return new PlantedLayers(
                    name,
                    Math.max(MIN_ROWS, ROWS_PER_CHANNEL * in / divisor),
                    in / divisor,
                    0,
                    out.stream().mapToInt(size -> size / divisor).toArray());
        }
    }

    private static final List<Shape> SHAPES = List.of(
            new Shape("flux-qkv", 3072, List.of(3072, 3072, 3072)),
            new Shape("flux-out", 3072, List.of(3072)),
            new Shape("flux-fc1", 3072, List.of(12288)),
            new Shape("llama-qkv", 4096, List.of(4096, 1024, 1024)),
            new Shape("llama-gate-up", 4096, List.of(14336, 14336)));

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
        for (Shape shape : SHAPES) {
            requireFalling(run(shape.layers(16), 6, 3));
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "filigree.ladder", matches = ".+")
    void measure() throws IOException {
        Path folder = Files.createDirectories(Path.of(System.getProperty("filigree.ladder", "")));
        List<GroupReport> reports = new ArrayList<>();
        List<String> names = List.of(System.getProperty("filigree.ladder.shapes", "flux-out,llama-qkv")
                .split(","));
        int divisor = Integer.getInteger("filigree.ladder.divisor", 1);
        for (Shape shape : SHAPES.stream().filter(s -> names.contains(s.name())).toList()) {
            GroupReport report = run(shape.layers(divisor), 20, 10);
            reports.add(report);
            System.out.println(report.group() + " " + report.errors() + " seconds " + report.seconds() + " by "
                    + report.svd() + ", residual " + report.residual() + ", work " + report.profile());
            for (LineChart chart : QuantizeReport.charts(report)) {
                Files.writeString(
                        folder.resolve(
                                chart.title().toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z0-9]+", "-")
                                        + ".svg"),
                        chart.svg());
            }
        }
        Files.writeString(folder.resolve("ladder.html"), QuantizeReport.html("Error ladder", reports));
        reports.forEach(ErrorLadderTest::requireFalling);
    }
}
