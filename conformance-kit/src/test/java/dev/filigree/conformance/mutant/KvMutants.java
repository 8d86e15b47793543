package dev.filigree.conformance.mutant;

import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.kvcache.Retention;
import dev.filigree.api.op.KvAppend;
import dev.filigree.api.op.KvCopy;
import dev.filigree.api.op.KvDequantize;
import dev.filigree.api.op.KvEvict;
import dev.filigree.api.op.KvPages;
import dev.filigree.api.op.Rotary;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/** Defects of the KV cache. */
final class KvMutants {
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

    private KvMutants() {}

    static List<Mutant> all() {
        return List.of(
                Mutant.kernel(
                        "values of the first token stored for all", Rule.R701, KvAppend.class, KvMutants::firstValue),
                Mutant.kernel("high nibbles cleared", Rule.R707, KvAppend.class, KvMutants::clearHighNibbles),
                Mutant.kernel("next slot clobbered", Rule.R703, KvAppend.class, KvMutants::clobberNextSlot),
                Mutant.rewrite(
                        "ring wraps over its sink",
                        Rule.R704,
                        KvAppend.class,
                        op -> with(op, sinkless(op.kv()), op.rotary())),
                Mutant.kernel(
                        "statistics of the former owner kept",
                        Rule.R705,
                        KvAppend.class,
                        (op, view, honest) -> mergeOldBounds(op, view, honest)),
                Mutant.kernel("lower bounds rounded to nearest", Rule.R706, KvAppend.class, KvMutants::narrowBounds),
                Mutant.rewrite(
                        "keys stored unrotated", Rule.R708, KvAppend.class, op -> with(op, op.kv(), Optional.empty())),
                Mutant.rewrite(
                        "keys rotated in the other style",
                        Rule.R708,
                        KvAppend.class,
                        op -> with(op, op.kv(), op.rotary().map(KvMutants::otherStyle))),
                Mutant.rewrite(
                        "gather keeps one sink token too many",
                        Rule.R709,
                        KvDequantize.class,
                        KvMutants::shiftedWindow),
                Mutant.rewrite(
                        "current rows not rounded",
                        Rule.R710,
                        KvDequantize.class,
                        op -> with(op, op.retention(), false)),
                Mutant.kernel(
                        "gather reads the first page for all", Rule.R702, KvDequantize.class, KvMutants::firstPage),
                Mutant.kernel("pages leave in the wrong order", Rule.R711, KvEvict.class, KvMutants::reversed),
                Mutant.kernel("half a page copied", Rule.R712, KvCopy.class, KvMutants::halfCopied),
                Mutant.kernel(
                        "append starts every call at slot 0", Rule.R713, KvAppend.class, KvMutants::fromSlotZero));
    }

    private static KvAppend with(KvAppend op, KvPages kv, Optional<Rotary> rotary) {
        return new KvAppend(op.heads(), kv, rotary, op.k(), op.v(), op.qOffsets(), op.positions());
    }

    private static KvDequantize with(KvDequantize op, Retention retention, boolean roundCurrent) {
        return new KvDequantize(
                op.heads(),
                op.kv(),
                retention,
                roundCurrent,
                op.kCurrent(),
                op.vCurrent(),
                op.qOffsets(),
                op.pastLengths(),
                op.kvOffsets(),
                op.k(),
                op.v(),
                op.kvPositions());
    }

    private static Rotary otherStyle(Rotary r) {
        Rotary.Style other = r.style() == Rotary.Style.HALF_SPLIT ? Rotary.Style.INTERLEAVED : Rotary.Style.HALF_SPLIT;
        return new Rotary(other, r.rotaryDim(), r.magnitude(), r.frequencies());
    }

    private static KvPages sinkless(KvPages kv) {
        return kv.addressing() instanceof KvAddressing.Ring(int sinkPages, int ringPages)
                ? new KvPages(kv.layout(), new KvAddressing.Ring(0, sinkPages + ringPages), kv.pages(), kv.pageTable())
                : kv;
    }

    private static KvDequantize shiftedWindow(KvDequantize op) {
        return op.retention() instanceof Retention.SinkAndRecent(int sink, int recent) && recent > 1
                ? with(op, new Retention.SinkAndRecent(sink + 1, recent - 1), op.roundCurrent())
                : op;
    }

    private static void firstValue(KvAppend op, RunView view, Runnable honest) {
        view.changed(
                op.v(),
                t -> {
                    int width = t.extent(1) * t.extent(2);
                    for (int i = width; i < t.numElements(); i++) {
                        t.set(i, t.get(i % width));
                    }
                },
                honest);
    }

    private static long slotByte(KvAppend op, RunView view, int position) {
        KvPageLayout layout = op.kv().layout();
        TensorData table = view.get(op.kv().pageTable());
        long column = op.kv().addressing().column(position / layout.pageSize());
        long element = layout.element(0, position % layout.pageSize(), 0, layout.headDimQk());
        return table.getInt(column) * layout.pageBytes()
                + element * layout.k().storage().bits() / 8;
    }

    private static void clearHighNibbles(KvAppend op, RunView view, Runnable honest) {
        honest.run();
        if (op.kv().layout().k().storage().isPacked()
                && view.get(op.positions()).numElements() > 0) {
            long at = slotByte(op, view, view.get(op.positions()).getInt(0));
            MemorySegment bytes = view.get(op.kv().pages()).bytes();
            for (long i = 0; i < op.kv().layout().headDimQk() / 2; i++) {
                bytes.set(ValueLayout.JAVA_BYTE, at + i, (byte) (bytes.get(ValueLayout.JAVA_BYTE, at + i) & 0xf));
            }
        }
    }

    private static void clobberNextSlot(KvAppend op, RunView view, Runnable honest) {
        honest.run();
        int position =
                view.get(op.positions()).getInt(0) + view.get(op.qOffsets()).getInt(1);
        if (position % op.kv().layout().pageSize() != 0) {
            view.get(op.kv().pages()).bytes().set(ValueLayout.JAVA_BYTE, slotByte(op, view, position), (byte) 0);
        }
    }

    private static void mergeOldBounds(KvAppend op, RunView view, Runnable honest) {
        TensorData pages = view.get(op.kv().pages());
        TensorData before = pages.copy();
        honest.run();
        KvPageLayout layout = op.kv().layout();
        for (int page = 0; layout.hasStats() && page < pages.extent(0); page++) {
            long base = page * layout.pageBytes();
            for (long at = layout.kMaxOffset(); at < layout.kMinOffset(); at += 2) {
                float old = Float.float16ToFloat(before.bytes().get(I16, base + at));
                float now = Float.float16ToFloat(pages.bytes().get(I16, base + at));
                if (old > now) {
                    pages.bytes().set(I16, base + at, Float.floatToFloat16(old));
                }
            }
        }
    }

    // One step up from the outward rounding: what rounding to nearest gives for about half of the entries.
    private static void narrowBounds(KvAppend op, RunView view, Runnable honest) {
        honest.run();
        KvPageLayout layout = op.kv().layout();
        TensorData pages = view.get(op.kv().pages());
        if (layout.hasStats() && view.get(op.positions()).numElements() > 0) {
            long page = slotByte(op, view, view.get(op.positions()).getInt(0)) / layout.pageBytes();
            long from = page * layout.pageBytes() + layout.kMinOffset();
            for (long at = from; at < from + 2L * layout.numHeads() * layout.headDimQk(); at += 2) {
                short code = pages.bytes().get(I16, at);
                pages.bytes().set(I16, at, (short) (code < 0 ? code - 1 : code + 1));
            }
        }
    }

    private static void firstPage(KvDequantize op, RunView view, Runnable honest) {
        view.changed(
                op.kv().pageTable(),
                t -> {
                    for (int i = 1; i < t.extent(1); i++) {
                        t.setInt(i, t.getInt(0));
                    }
                },
                honest);
    }

    private static void reversed(KvEvict op, RunView view, Runnable honest) {
        if (op.direction() == KvEvict.Direction.BACK) {
            honest.run();
            return;
        }
        view.changed(
                op.pageIds(),
                t -> {
                    int[] ids = t.ints();
                    for (int i = 0; i < ids.length; i++) {
                        t.setInt(i, ids[ids.length - 1 - i]);
                    }
                },
                honest);
    }

    private static void halfCopied(KvCopy op, RunView view, Runnable honest) {
        TensorData pages = view.get(op.pages());
        TensorData before = pages.copy();
        honest.run();
        int pageBytes = pages.extent(1);
        for (int page = 0; page < pages.extent(0); page++) {
            long half = (long) page * pageBytes + pageBytes / 2;
            MemorySegment.copy(before.bytes(), half, pages.bytes(), half, pageBytes - pageBytes / 2);
        }
    }

    private static void fromSlotZero(KvAppend op, RunView view, Runnable honest) {
        int pageSize = op.kv().layout().pageSize();
        view.changed(
                op.positions(),
                t -> {
                    int first = t.numElements() == 0 ? 0 : t.getInt(0) % pageSize;
                    for (int i = 0; i < t.numElements(); i++) {
                        t.setInt(i, t.getInt(i) - first);
                    }
                },
                honest);
    }
}
