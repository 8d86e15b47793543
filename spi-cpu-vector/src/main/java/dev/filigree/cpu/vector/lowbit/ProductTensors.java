package dev.filigree.cpu.vector.lowbit;

import dev.filigree.api.op.LowBitLinear;
import dev.filigree.cpu.vector.common.FloatTensor;
import dev.filigree.cpu.vector.common.KernelSite;
import org.jspecify.annotations.Nullable;

/** The tensors of one low-bit product. */
final class ProductTensors {
    final @Nullable CodeTensor xCodes;
    final @Nullable FloatTensor xFloats;
    final @Nullable ScaleTensor xScales;
    final CodeTensor weight;
    final ScaleTensor scales;
    final @Nullable ScaleTensor zeros;
    final @Nullable ScaleTensor channelScales;
    final @Nullable ScaleTensor bias;
    final FloatTensor y;

    ProductTensors(LowBitLinear op, KernelSite site) {
        boolean codes = op.activationFormat().isPresent();
        xCodes = codes ? new CodeTensor(site.tensor(op.x())) : null;
        xFloats = codes ? null : site.floats(op.x());
        xScales = op.xScales().map(site::tensor).map(ScaleTensor::new).orElse(null);
        weight = new CodeTensor(site.tensor(op.weight()));
        scales = new ScaleTensor(site.tensor(op.scales()));
        zeros = op.zeros().map(site::tensor).map(ScaleTensor::new).orElse(null);
        channelScales =
                op.channelScales().map(site::tensor).map(ScaleTensor::new).orElse(null);
        bias = op.bias().map(site::tensor).map(ScaleTensor::new).orElse(null);
        y = site.floats(op.y());
    }

    void point() {
        if (xCodes != null) {
            xCodes.point();
        }
        if (xFloats != null) {
            xFloats.point();
        }
        weight.point();
        y.point();
    }

    long rows() {
        return y.rows();
    }
}
