package dev.filigree.host.cli;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.plan.Plan;
import dev.filigree.api.select.BackendSelector;
import dev.filigree.api.select.Selection;
import dev.filigree.host.calibrate.data.CalibrationData;
import dev.filigree.host.calibrate.decoder.ArraysReader;
import dev.filigree.host.calibrate.decoder.BackendKernels;
import dev.filigree.host.calibrate.decoder.DecoderArrays;
import dev.filigree.host.checkpoint.Checkpoint;
import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.quantize.FinishedGroups;
import dev.filigree.host.quantize.GroupReport;
import dev.filigree.host.quantize.QuantizeJob;
import dev.filigree.host.quantize.QuantizeRecipe;
import dev.filigree.host.quantize.decoder.DecoderLinearModel;
import dev.filigree.host.quantize.math.Products;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Quantizes a decoder over calibration texts. */
final class QuantizeDecoder implements QuantizeTask {
    private final Path folder;
    private final CalibrationOptions options;
    private final int rows;
    private final CalibrationData data;
    private final Checkpoint source;

    QuantizeDecoder(Path folder, CalibrationOptions options, int rows) {
        this.folder = folder;
        this.options = options;
        this.rows = rows;
        data = options.data(folder);
        source = Checkpoint.open(folder);
    }

    @Override
    public QuantizeJob run(
            QuantizeRecipe recipe, FinishedGroups finished, Consumer<String> progress, Consumer<GroupReport> listener) {
        DecoderArrays model = ArraysReader.read(folder, data.maxTokens());
        List<Plan> plans =
                new ArrayList<>(BackendKernels.samplePlans(model, new HeadPattern.Streaming(0, 1), data.maxTokens()));
        plans.add(Products.sample());
        Selection selection = BackendSelector.installed().select(options.request(), plans);
        try (Backend backend = selection.backend();
                BackendKernels kernels = new BackendKernels(model, backend, data.maxTokens());
                Products products = new Products(backend)) {
            progress.accept(selection.reason());
            DecoderLinearModel linears =
                    new DecoderLinearModel(model, kernels, data, options.samples, rows, options.seed);
            return new QuantizeJob(linears, recipe, products, Optional.of(finished)).run(listener);
        }
    }

    @Override
    public String data() {
        return data.describe();
    }

    @Override
    public Collection<StoredTensor> tensors() {
        return source.tensors().values();
    }

    @Override
    public void close() {
        source.close();
    }
}
