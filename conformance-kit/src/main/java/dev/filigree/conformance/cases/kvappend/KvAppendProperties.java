package dev.filigree.conformance.cases.kvappend;

import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.conformance.cases.CaseContext;
import dev.filigree.conformance.cases.shared.AttentionData;
import dev.filigree.conformance.cases.shared.PageCode;
import dev.filigree.conformance.cases.shared.PagedPool;
import dev.filigree.conformance.cases.shared.RotaryCode;
import dev.filigree.conformance.compare.Tolerances;
import dev.filigree.conformance.problem.TensorData;
import java.util.Arrays;
import java.util.Optional;

/** What appending must do whatever the reference says. */
final class KvAppendProperties {
    private KvAppendProperties() {}

    private static TensorData run(CaseContext c, AppendData data) {
        return c.run(data.problem(Optional.empty())).get("pages");
    }

    static void bytes(CaseContext c, AppendShape shape) {
        AppendData data = AppendData.random(c.generator(), shape);
        TensorData actual = run(c, data);
        c.same("pages", actual.over(data.expected(Optional.empty()).bytes()), actual);
    }

    // Bytes at the edges follow the formula, and what reads back is as near as codes, scales and zeros in f16 allow.
    static void extremes(CaseContext c, AppendShape shape) {
        AppendData data = AppendData.random(c.generator(), shape).extremes();
        TensorData actual = run(c, data);
        PagedPool after = data.expected(Optional.empty());
        c.same("pages", actual.over(after.bytes()), actual);
        PageCode found = new PageCode(after.layout(), actual.bytes());
        for (int row = 0; row < shape.fresh()[0]; row++) {
            int position = shape.past()[0] + row;
            int slot = position % shape.spec().pageSize();
            float[] keys = data.classRows(data.k(), row, shape.headDimQk());
            for (int h = 0; h < shape.classHeads().size(); h++) {
                float[] x = Arrays.copyOfRange(keys, h * shape.headDimQk(), (h + 1) * shape.headDimQk());
                float[] back = found.key(after.page(0, position), h, slot);
                double allowed = Tolerances.roundTrip(shape.spec().k(), x);
                for (int i = 0; i < x.length; i++) {
                    c.close("key at position " + position, x[i], back[i], allowed);
                }
            }
        }
    }

    static void rotates(CaseContext c, AppendShape shape, RotaryCode rotary) {
        AppendData data = AppendData.random(c.generator(), shape);
        TensorData actual = c.run(data.problem(Optional.of(rotary))).get("pages");
        PagedPool expected = data.expected(Optional.of(rotary));
        PageCode found = new PageCode(expected.layout(), actual.bytes());
        for (int s = 0; s < shape.fresh().length; s++) {
            for (int p = shape.past()[s]; p < shape.lengths()[s]; p++) {
                for (int h = 0; h < shape.classHeads().size(); h++) {
                    int slot = p % shape.spec().pageSize();
                    c.close(
                            "key at position " + p + " of sequence " + s,
                            expected.key(s, p, h),
                            found.key(expected.page(s, p), h, slot),
                            Tolerances.rotatedStorage(shape.spec().k(), shape.dtype()));
                    c.same("value", expected.value(s, p, h), found.value(expected.page(s, p), h, slot));
                }
            }
        }
    }

    // Every page carries extreme bounds of a former owner; only what is appended may count.
    static void recycled(CaseContext c, AppendShape shape) {
        AppendData data = AppendData.random(c.generator(), shape);
        PagedPool pool = data.pool();
        KvPageLayout layout = pool.layout();
        PageCode code = pool.code();
        for (int page = 0; page < pool.numPages(); page++) {
            long base = page * layout.pageBytes();
            byte huge = 0x7b;
            boolean blank = Float.isNaN(code.max(page, 0, 0, 0));
            if (blank) {
                pool.bytes()
                        .asSlice(base + layout.kMaxOffset(), layout.kMinOffset() - layout.kMaxOffset())
                        .fill(huge);
                pool.bytes()
                        .asSlice(base + layout.kMinOffset(), layout.pageBytes() - layout.kMinOffset())
                        .fill((byte) 0xfb);
            }
        }
        TensorData actual = run(c, data);
        c.same("pages", actual.over(data.expected(Optional.empty()).bytes()), actual);
    }

    // Bounds hold every stored key of their logical page and are the nearest f16 that do.
    static void bounds(CaseContext c, AppendShape shape) {
        AppendData data = AppendData.random(c.generator(), shape);
        TensorData actual = run(c, data);
        PagedPool after = data.expected(Optional.empty());
        PageCode found = new PageCode(after.layout(), actual.bytes());
        int logical = shape.spec().logicalPageSize();
        for (int s = 0; s < shape.fresh().length; s++) {
            int length = shape.lengths()[s];
            for (int from = shape.past()[s] / logical * logical; from < length; from += logical) {
                for (int h = 0; h < shape.classHeads().size(); h++) {
                    bounds(c, shape, after, found, s, from, Math.min(length, from + logical), h);
                }
            }
        }
    }

    private static void bounds(
            CaseContext c, AppendShape shape, PagedPool after, PageCode found, int s, int from, int to, int head) {
        int pageSize = shape.spec().pageSize();
        int page = after.page(s, from);
        int logicalPage = from % pageSize / shape.spec().logicalPageSize();
        for (int channel = 0; channel < shape.headDimQk(); channel++) {
            float max = Float.NEGATIVE_INFINITY;
            float min = Float.POSITIVE_INFINITY;
            for (int p = from; p < to; p++) {
                float key = found.key(page, head, p % pageSize)[channel];
                max = Math.max(max, key);
                min = Math.min(min, key);
            }
            String place = "channel " + channel + " of the logical page at position " + from;
            c.close("upper bound of " + place, PageCode.ceil(max), found.max(page, head, logicalPage, channel), 0);
            c.close("lower bound of " + place, -PageCode.ceil(-min), found.min(page, head, logicalPage, channel), 0);
        }
    }

    // Every byte but those of the named slots stays, and a 4-bit neighbour keeps its nibble.
    static void neighbours(CaseContext c, AppendShape shape) {
        AppendData data = AppendData.random(c.generator(), shape);
        PagedPool pool = data.pool();
        for (int s = 0; s < shape.past().length; s++) {
            float[] rows = c.generator().normals(2 * 32);
            for (int p = shape.lengths()[s]; p < shape.lengths()[s] + 4; p++) {
                pool.append(s, p, rows, rows, 0);
            }
        }
        TensorData actual = run(c, data);
        c.same("pages", actual.over(data.expected(Optional.empty()).bytes()), actual);
    }

    static void inParts(CaseContext c, AppendShape shape) {
        AppendData data = AppendData.random(c.generator(), shape);
        TensorData whole = run(c, data);
        PagedPool pool = data.pool().copy();
        int fresh = shape.fresh()[0];
        for (int from = 0; from < fresh; from += 9) {
            int to = Math.min(fresh, from + 9);
            AppendShape part = new AppendShape(
                    new int[] {shape.past()[0] + from},
                    new int[] {to - from},
                    shape.classHeads(),
                    shape.headDimQk(),
                    shape.headDimVo(),
                    shape.dtype(),
                    shape.spec());
            int width = AppendShape.NUM_KV_HEADS * shape.headDimQk();
            AppendData step = new AppendData(
                    part,
                    pool,
                    AttentionData.rows(data.k(), from, to, width),
                    AttentionData.rows(data.v(), from, to, width));
            pool.bytes().copyFrom(run(c, step).bytes());
        }
        c.same("pages after appending in parts", whole, whole.over(pool.bytes()));
    }
}
