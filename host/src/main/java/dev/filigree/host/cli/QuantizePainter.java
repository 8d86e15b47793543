package dev.filigree.host.cli;

import dev.filigree.api.backend.Backend;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.select.Selection;
import dev.filigree.api.tensor.DType;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.diffusion.DitCheckpoint;
import dev.filigree.host.diffusion.DitInputs;
import dev.filigree.host.diffusion.DitLinearModel;
import dev.filigree.host.diffusion.PainterConfig;
import dev.filigree.host.quantize.FinishedGroups;
import dev.filigree.host.quantize.GroupReport;
import dev.filigree.host.quantize.QuantizeJob;
import dev.filigree.host.quantize.QuantizeRecipe;
import dev.filigree.host.quantize.math.Products;
import dev.filigree.policies.dense.DensePolicy;
import dev.filigree.policies.plain.PlainLinear;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Consumer;

/** Quantizes a diffusion transformer over captions that it paints at 16 bits. */
final class QuantizePainter implements QuantizeTask {
    private static final int BATCH = 4;

    private final Path folder;
    private final CalibrationOptions options;
    private final int rows;
    private final DitCheckpoint source;
    private final List<String> captions;

    /**
     * An open model.
     *
     * @param captions to paint; none: those that the model comes with
     */
    QuantizePainter(Path folder, CalibrationOptions options, int rows, List<String> captions) {
        this.folder = folder;
        this.options = options;
        this.rows = rows;
        source = DitCheckpoint.open(folder);
        this.captions = captions.isEmpty() ? source.config().prompts() : captions;
    }

    @Override
    public QuantizeJob run(
            QuantizeRecipe recipe, FinishedGroups finished, Consumer<String> progress, Consumer<GroupReport> listener) {
        PainterConfig parts = new PainterConfig(
                folder,
                new DensePolicy(),
                new PlainLinear(),
                DType.F32,
                OptionalInt.empty(),
                OptionalDouble.empty(),
                BATCH,
                options.request());
        Map<String, float[]> inputs =
                DitInputs.collect(parts, BackendSelector.installed(), captions, rows, options.seed);
        Selection selection = BackendSelector.installed().select(options.request(), List.of(Products.sample()));
        try (Backend backend = selection.backend();
                Products products = new Products(backend)) {
            progress.accept(selection.reason());
            return new QuantizeJob(new DitLinearModel(source, inputs), recipe, products, Optional.of(finished))
                    .run(listener);
        }
    }

    @Override
    public String data() {
        return captions.size() + " captions, first seed " + options.seed;
    }

    @Override
    public Collection<StoredTensor> tensors() {
        return source.file().tensors().values();
    }

    @Override
    public void close() {
        source.close();
    }
}
