package dev.filigree.cuda.ops;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PageReuse;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.DType;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Choice;
import dev.filigree.cuda.launch.DeviceTraits;
import dev.filigree.cuda.launch.Field;
import dev.filigree.cuda.launch.Launch;
import dev.filigree.cuda.launch.Struct;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The launch of page scores on compute capability 9.0 (pagescore/page_score_sm90a.cu): 16-bit queries of 64 or 128 channels, at most 8
 * a group. Says nothing of any other op, which the general kernel then takes.
 */
final class HopperPageScore {
    private static final int PAGES_PER_BLOCK = 32;
    private static final int MOST_HEADS = 8;
    private static final int PARAMS_BYTES = 152;

    private HopperPageScore() {}

    static Optional<Choice> score(PageScore op, Tensors tensors, DeviceTraits device) {
        if (!device.isHopper() || !serves(op, tensors)) {
            return Optional.empty();
        }
        HeadMap heads = op.heads();
        KvPageLayout layout = op.kv().layout();
        TensorDecl q = tensors.get(op.q());
        TensorDecl scores = tensors.get(op.scores());
        int headsPerList = op.scope() == PageChoice.SelectionScope.QUERY_HEAD ? 1 : heads.groupSize();
        int group = heads.groupSize() == 1 ? 1 : heads.groupSize() <= 4 ? 4 : MOST_HEADS;
        Struct params = new Struct()
                .data(op.kv().pages(), op.kv().pageTable(), op.q(), op.kvLengths(), op.scores())
                .table(HeadTables.scored(heads, headsPerList));
        Optional<PageChoice> choice = op.reuse().map(PageReuse::choice);
        Arg arg = choice.map(c -> params.data(c.counts(), c.pages(), c.slots()))
                .orElseGet(() -> params.nulls(3))
                .longs(layout.pageBytes(), layout.kMaxOffset(), layout.kMinOffset())
                .amount(new Field.Amount.Extent(op.kvLengths(), 0, 1, 0, 1, 0))
                .ints(heads.groupSize(), heads.numQoHeads())
                .ints(Math.toIntExact(tensors.get(op.kv().pageTable()).capacity(1)))
                .ints(layout.pageSize(), layout.logicalPageSize(), layout.numHeads())
                .ints(Math.toIntExact(scores.capacity(1)), Math.toIntExact(scores.capacity(2)), headsPerList)
                .ints(choice.map(c -> Math.toIntExact(tensors.get(c.pages()).capacity(2)))
                        .orElse(0))
                .ints(op.reuse().map(PageReuse::budgetPages).orElse(0))
                .ints(op.reuse().map(PageReuse::reuseInterval).orElse(1))
                .ints(q.dtype() == DType.BF16 ? 1 : 0)
                .end(PARAMS_BYTES);
        return Optional.of(Choice.of(Launch.of(
                        "page_score__hd" + layout.headDimQk() + "__group" + group + "__sm90a", 128)
                .arg(arg)
                .grid(
                        Math.max(1, Math.ceilDiv(scores.capacity(2), PAGES_PER_BLOCK)),
                        heads.numServedKvHeads(),
                        Math.max(1, q.capacity(0)))));
    }

    private static boolean serves(PageScore op, Tensors tensors) {
        DType q = tensors.get(op.q()).dtype();
        int headDim = op.kv().layout().headDimQk();
        Stream<TensorRef> packed =
                Stream.of(op.q(), op.scores(), op.kv().pages(), op.kv().pageTable());
        Stream<TensorRef> lists =
                op.reuse().stream().map(PageReuse::choice).flatMap(c -> Stream.of(c.counts(), c.pages()));
        return Operands.is16Bit(q)
                && (headDim == 64 || headDim == 128)
                && op.heads().groupSize() <= MOST_HEADS
                && op.heads().numServedKvHeads() > 0
                && op.kv().addressing() instanceof KvAddressing.Linear
                && Stream.concat(packed, lists).allMatch(ref -> Operands.isPacked(tensors.get(ref)));
    }
}
