package dev.filigree.host.cli;

import dev.filigree.host.picture.PictureScores;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What painting with some configs took and gave; every config after the first is compared with it.
 *
 * @param outcomes one per config
 */
record PaintSummary(List<PaintOutcome> outcomes) {

    /**
     * Differences of a config's pictures to the first config's.
     *
     * @param psnr mean over pictures, dB, equal pictures left out
     * @param ssim mean over pictures
     * @param worstSsim of a picture
     * @param largest difference of a level
     * @param equal pictures without any difference
     */
    record Comparison(double psnr, double ssim, double worstSsim, int largest, int equal) {}

    private Comparison comparison(PaintOutcome outcome) {
        PaintOutcome first = outcomes.getFirst();
        List<PictureScores> scores = IntStream.range(0, first.pictures().size())
                .mapToObj(i -> PictureScores.of(
                        first.pictures().get(i), outcome.pictures().get(i)))
                .toList();
        return new Comparison(
                scores.stream()
                        .mapToDouble(PictureScores::psnr)
                        .filter(Double::isFinite)
                        .average()
                        .orElse(Double.POSITIVE_INFINITY),
                scores.stream().mapToDouble(PictureScores::ssim).average().orElse(1),
                scores.stream().mapToDouble(PictureScores::ssim).min().orElse(1),
                scores.stream().mapToInt(PictureScores::largestDifference).max().orElse(0),
                (int) scores.stream()
                        .filter(score -> score.largestDifference() == 0)
                        .count());
    }

    String table() {
        boolean compared = outcomes.size() > 1;
        List<String> head = new ArrayList<>(List.of("config", "attention", "linear", "weights", "open", "paint"));
        if (compared) {
            head.addAll(List.of("PSNR", "SSIM", "worst", "largest"));
        }
        TextTable table = new TextTable().row(head);
        for (PaintOutcome outcome : outcomes) {
            List<String> cells = new ArrayList<>(List.of(
                    String.valueOf(outcome.config().file().getFileName()),
                    attention(outcome),
                    String.join(", ", outcome.linearSchemes()),
                    Units.bytes(outcome.weightBytes()),
                    Units.seconds(outcome.openNanos()),
                    Units.seconds(outcome.paintNanos())));
            if (compared) {
                cells.addAll(scores(outcome));
            }
            table.row(cells);
        }
        return outcomes.getFirst().backend() + "\n" + table;
    }

    private List<String> scores(PaintOutcome outcome) {
        if (outcome == outcomes.getFirst()) {
            return List.of("-", "-", "-", "-");
        }
        Comparison c = comparison(outcome);
        return List.of(
                c.equal() == outcome.pictures().size() ? "equal" : String.format(Locale.ROOT, "%.2f dB", c.psnr()),
                String.format(Locale.ROOT, "%.4f", c.ssim()),
                String.format(Locale.ROOT, "%.4f", c.worstSsim()),
                Integer.toString(c.largest()));
    }

    private static String attention(PaintOutcome outcome) {
        return outcome.attentionSteps().size() == 1
                ? outcome.attentionSteps().keySet().iterator().next()
                : outcome.attentionSteps().entrySet().stream()
                        .map(entry -> entry.getKey() + " " + entry.getValue())
                        .collect(Collectors.joining(", "));
    }

    JsonReport json(Path target) {
        return new JsonReport()
                .put("picture", target.toString())
                .put("runs", outcomes.stream().map(this::values).toList());
    }

    private Map<String, Object> values(PaintOutcome outcome) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("config", outcome.config().file().toString());
        values.put("backend", outcome.backend());
        values.put("attentionSteps", outcome.attentionSteps());
        values.put("linearSchemes", List.copyOf(outcome.linearSchemes()));
        values.put("weightBytes", outcome.weightBytes());
        values.put("pictures", outcome.pictures().size());
        values.put("openSeconds", outcome.openNanos() / 1e9);
        values.put("paintSeconds", outcome.paintNanos() / 1e9);
        if (outcome != outcomes.getFirst()) {
            Comparison c = comparison(outcome);
            values.put("psnr", Double.isFinite(c.psnr()) ? c.psnr() : "equal");
            values.put("ssim", c.ssim());
            values.put("worstSsim", c.worstSsim());
            values.put("largestDifference", c.largest());
        }
        return values;
    }
}
