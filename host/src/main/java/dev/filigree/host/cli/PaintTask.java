package dev.filigree.host.cli;

import dev.filigree.api.select.BackendSelector;
import dev.filigree.host.diffusion.PaintRequest;
import dev.filigree.host.diffusion.PaintWatcher;
import dev.filigree.host.diffusion.Painter;
import dev.filigree.host.diffusion.PainterConfig;
import dev.filigree.host.engine.EngineConfig;
import dev.filigree.host.picture.Picture;
import dev.filigree.host.wiring.EngineParts;
import dev.filigree.policies.config.RunConfig;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.function.Function;

/**
 * Paints captions with one config.
 *
 * @param config what runs
 * @param captions makes the captions from what the model knows
 * @param seed of the first picture; each next one has the next seed
 * @param steps instead of the model's
 * @param guidance instead of the model's
 * @param err where progress goes
 */
record PaintTask(
        RunConfig config,
        Function<List<String>, List<String>> captions,
        long seed,
        OptionalInt steps,
        OptionalDouble guidance,
        PrintWriter err)
        implements Callable<PaintOutcome> {

    @Override
    public PaintOutcome call() {
        long start = System.nanoTime();
        try (Painter painter = new Painter(parts(), BackendSelector.installed())) {
            long opened = System.nanoTime() - start;
            List<PaintRequest> requests = new ArrayList<>();
            for (String caption : captions.apply(painter.config().prompts())) {
                requests.add(PaintRequest.of(caption, seed + requests.size(), painter.config()));
            }
            ProgressBar bar = new ProgressBar(err);
            long begin = System.nanoTime();
            List<Picture> pictures = painter.paint(requests, new PaintWatcher() {
                @Override
                public void onStep(long done, long total) {
                    bar.show("painting", done, total);
                }
            });
            long painted = System.nanoTime() - begin;
            bar.clear();
            return new PaintOutcome(
                    config,
                    painter.backend(),
                    painter.attentionSteps(),
                    painter.linearSchemes(),
                    painter.weightBytes(),
                    opened,
                    painted,
                    pictures);
        }
    }

    private PainterConfig parts() {
        EngineConfig parts = EngineParts.of(config, BackendSelector.installed());
        return new PainterConfig(
                parts.checkpoint(),
                parts.attention(),
                parts.linear(),
                parts.adapters(),
                parts.activations(),
                steps,
                guidance,
                parts.maxSeqs(),
                parts.backend());
    }
}
