package dev.filigree.cuda.launch;

import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Collects the fields of a structure in its order, each at the next offset that its size divides. */
public final class Struct {
    private static final int MAP_BYTES = 128;
    private static final int MAP_ROWS = 128;
    private static final int MAP_CHANNELS = 64;

    private final List<Field> fields = new ArrayList<>();
    private int end;

    private int next(int bytes) {
        int offset = (end + bytes - 1) / bytes * bytes;
        end = offset + bytes;
        return offset;
    }

    /** A map of {@code [numTokens, numHeads, headDim]} for tiles of 128 tokens and 64 channels of one head. */
    public Struct heads(TensorDecl decl) {
        return heads(
                new Field.Area.Data(decl.ref()),
                decl.dtype() == DType.BF16,
                new Field.Amount.Extent(decl.ref(), 0, 1, 0, 1, 1),
                decl.capacity(1),
                decl.capacity(2));
    }

    /** The same of 16-bit rows in scratch. */
    public Struct heads(long at, boolean bf16, long numTokens, long numHeads, long headDim) {
        return heads(
                new Field.Area.Scratch(at), bf16, new Field.Amount.Fixed(Math.max(1, numTokens)), numHeads, headDim);
    }

    private Struct heads(Field.Area area, boolean bf16, Field.Amount numTokens, long numHeads, long headDim) {
        return map(new Field.MapField(
                next(MAP_BYTES),
                area,
                bf16,
                List.of(new Field.Amount.Fixed(headDim), new Field.Amount.Fixed(numHeads), numTokens),
                List.of(headDim * 2, numHeads * headDim * 2),
                List.of(MAP_CHANNELS, 1, MAP_ROWS)));
    }

    /** A map of 16-bit rows in scratch for tiles of that many rows and 64 columns. */
    public Struct rows(long at, boolean bf16, long columns, Field.Amount numRows, int tileRows) {
        return map(new Field.MapField(
                next(MAP_BYTES),
                new Field.Area.Scratch(at),
                bf16,
                List.of(new Field.Amount.Fixed(columns), numRows),
                List.of(columns * 2),
                List.of(MAP_CHANNELS, tileRows)));
    }

    /** A map of a tensor's rows, which lie side by side, for tiles of that many rows and 128 bytes, whatever the dtype. */
    public Struct rows(TensorDecl decl, int tileRows) {
        long pairs = decl.rowElements() * decl.dtype().bits() / 16;
        return map(new Field.MapField(
                next(MAP_BYTES),
                new Field.Area.Data(decl.ref()),
                decl.dtype() == DType.BF16,
                List.of(new Field.Amount.Fixed(pairs), new Field.Amount.Extent(decl.ref(), 0, 1, 0, 1, 1)),
                List.of(pairs * 2),
                List.of(MAP_CHANNELS, tileRows)));
    }

    /** The address of a tensor, or nothing where there is none. */
    public Struct data(Optional<TensorRef> ref) {
        return ref.isPresent() ? data(ref.get()) : nulls(1);
    }

    private Struct map(Field.MapField field) {
        fields.add(field);
        return this;
    }

    /** Addresses of tensors. */
    public Struct data(TensorRef... refs) {
        for (TensorRef ref : refs) {
            fields.add(new Field.AddressField(next(Long.BYTES), new Field.Area.Data(ref)));
        }
        return this;
    }

    /** Addresses that no kernel of this launch reads. */
    public Struct nulls(int count) {
        return longs(new long[count]);
    }

    /** Addresses in the step's scratch. */
    public Struct scratch(long... offsets) {
        for (long at : offsets) {
            fields.add(new Field.AddressField(next(Long.BYTES), new Field.Area.Scratch(at)));
        }
        return this;
    }

    /** The address of constant integers. */
    public Struct table(List<Integer> values) {
        fields.add(new Field.IntsField(next(Long.BYTES), values));
        return this;
    }

    /** A float. */
    public Struct number(float value) {
        fields.add(new Field.FloatField(next(Float.BYTES), value));
        return this;
    }

    /** Integers. */
    public Struct ints(int... values) {
        for (int value : values) {
            fields.add(new Field.IntField(next(Integer.BYTES), value));
        }
        return this;
    }

    /** 64-bit integers. */
    public Struct longs(long... values) {
        for (long value : values) {
            fields.add(new Field.LongField(next(Long.BYTES), value));
        }
        return this;
    }

    /** An extent of the run. */
    public Struct amount(Field.Amount amount) {
        fields.add(new Field.AmountField(next(Integer.BYTES), amount));
        return this;
    }

    /** The number of sequences that offsets speak of. */
    public Struct numSeqs(TensorRef offsets) {
        return amount(new Field.Amount.Extent(offsets, 0, 1, -1, 1, 0));
    }

    /** Ends it at a size. */
    public Arg end(int bytes) {
        if (end > bytes) {
            throw new IllegalStateException("a structure of " + bytes + " bytes has fields up to " + end);
        }
        return new Arg.StructArg(bytes, fields);
    }
}
