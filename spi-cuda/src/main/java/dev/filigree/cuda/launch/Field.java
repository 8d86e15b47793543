package dev.filigree.cuda.launch;

import dev.filigree.api.plan.TensorRef;
import java.util.List;

/** A field of a structure that a kernel takes by value, at a byte offset of it. Addresses and extents are those of the run. */
public sealed interface Field {
    /** Bytes from the structure's start. */
    int offset();

    /** A 32-bit integer. */
    record IntField(int offset, int value) implements Field {}

    /** A 32-bit float. */
    record FloatField(int offset, float value) implements Field {}

    /** A 64-bit integer. */
    record LongField(int offset, long value) implements Field {}

    /** An extent as a 32-bit integer. */
    record AmountField(int offset, Amount amount) implements Field {}

    /** The address of an area. */
    record AddressField(int offset, Area area) implements Field {}

    /** The address of constant integers in device memory. */
    record IntsField(int offset, List<Integer> values) implements Field {
        /** Copies the list. */
        public IntsField {
            values = List.copyOf(values);
        }
    }

    /**
     * A tensor map of 128 bytes for bulk copies: 16-bit elements, tiles swizzled over 128 bytes, zeros beyond the extents.
     *
     * @param offset a multiple of 64
     * @param area what it maps
     * @param bf16 whether elements are bf16, else f16
     * @param extents elements, the innermost axis first
     * @param strideBytes of every axis but the innermost
     * @param box extents of a tile
     */
    record MapField(
            int offset, Area area, boolean bf16, List<Amount> extents, List<Long> strideBytes, List<Integer> box)
            implements Field {
        /** Copies the lists. */
        public MapField {
            extents = List.copyOf(extents);
            strideBytes = List.copyOf(strideBytes);
            box = List.copyOf(box);
        }
    }

    /** Device memory of a run. */
    sealed interface Area {
        /** A tensor's data. */
        record Data(TensorRef ref) implements Area {}

        /** A part of the step's scratch. */
        record Scratch(long at) implements Area {}
    }

    /** A number of a run. */
    sealed interface Amount {
        /** Known when the plan is prepared. */
        record Fixed(long value) implements Amount {}

        /** From an extent: {@code max(least, times * (extent / dividedBy + plus))}. */
        record Extent(TensorRef ref, int axis, long dividedBy, long plus, long times, long least) implements Amount {}
    }
}
