package dev.filigree.host.cli;

import dev.filigree.host.checkpoint.StoredTensor;
import dev.filigree.host.quantize.FinishedGroups;
import dev.filigree.host.quantize.GroupReport;
import dev.filigree.host.quantize.QuantizeJob;
import dev.filigree.host.quantize.QuantizeRecipe;
import java.util.Collection;
import java.util.function.Consumer;

/** A model that is open to be quantized. */
interface QuantizeTask extends AutoCloseable {

    /** Collects calibration inputs and quantizes what is not finished yet. */
    QuantizeJob run(
            QuantizeRecipe recipe, FinishedGroups finished, Consumer<String> progress, Consumer<GroupReport> listener);

    /** What the layers' inputs come from. */
    String data();

    /** All tensors of the model as they are; valid until it is closed. */
    Collection<StoredTensor> tensors();

    @Override
    void close();
}
