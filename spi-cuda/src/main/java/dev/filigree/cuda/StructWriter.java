package dev.filigree.cuda;

import dev.filigree.cuda.driver.TensorMaps;
import dev.filigree.cuda.launch.Arg;
import dev.filigree.cuda.launch.Field;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;

/** Writes structures that kernels take by value, with the addresses and extents of the run that a table was pointed at. */
final class StructWriter {
    private final TensorTable table;
    private final TensorMaps maps;
    private final Map<Arg, Long> constants;
    private boolean changed;

    StructWriter(TensorTable table, TensorMaps maps, Map<Arg, Long> constants) {
        this.table = table;
        this.maps = maps;
        this.constants = constants;
    }

    /** Writes a structure; answers whether it differs from what was there. */
    boolean write(Arg.StructArg struct, MemorySegment target, long scratch) {
        changed = false;
        for (Field field : struct.fields()) {
            switch (field) {
                case Field.IntField(int offset, int value) -> put(target, offset, value);
                case Field.FloatField(int offset, float value) -> put(target, offset, Float.floatToRawIntBits(value));
                case Field.LongField(int offset, long value) -> put(target, offset, value);
                case Field.AmountField(int offset, var amount) -> put(target, offset, (int) number(amount));
                case Field.AddressField(int offset, var area) -> put(target, offset, address(area, scratch));
                case Field.IntsField(int offset, var values) ->
                    put(
                            target,
                            offset,
                            constants.getOrDefault(new Arg.IntsArg(values), 0L).longValue());
                case Field.MapField map -> writeMap(map, target, scratch);
            }
        }
        return changed;
    }

    /** Encodes a map. Its bytes are the driver's own, so whether it changed is asked of its words. */
    private void writeMap(Field.MapField map, MemorySegment target, long scratch) {
        int rank = map.extents().size();
        for (int axis = 0; axis < rank; axis++) {
            maps.axis(
                    axis,
                    number(map.extents().get(axis)),
                    axis == 0 ? 0 : map.strideBytes().get(axis - 1),
                    map.box().get(axis));
        }
        long before = hash(target, map.offset());
        maps.encode(target.asSlice(map.offset(), TensorMaps.BYTES), map.bf16(), rank, address(map.area(), scratch));
        changed |= before != hash(target, map.offset());
    }

    private static long hash(MemorySegment target, int offset) {
        long hash = 0;
        for (int word = 0; word < TensorMaps.BYTES; word += Long.BYTES) {
            hash = hash * 0x9E3779B97F4A7C15L + target.get(ValueLayout.JAVA_LONG, offset + word);
        }
        return hash;
    }

    private long address(Field.Area area, long scratch) {
        return switch (area) {
            case Field.Area.Data(var ref) -> table.address(ref);
            case Field.Area.Scratch(long at) -> scratch + at;
        };
    }

    private long number(Field.Amount amount) {
        return switch (amount) {
            case Field.Amount.Fixed(long value) -> value;
            case Field.Amount.Extent e ->
                Math.max(e.least(), e.times() * (table.extent(e.ref(), e.axis()) / e.dividedBy() + e.plus()));
        };
    }

    private void put(MemorySegment target, int offset, int value) {
        changed |= target.get(ValueLayout.JAVA_INT, offset) != value;
        target.set(ValueLayout.JAVA_INT, offset, value);
    }

    private void put(MemorySegment target, int offset, long value) {
        changed |= target.get(ValueLayout.JAVA_LONG, offset) != value;
        target.set(ValueLayout.JAVA_LONG, offset, value);
    }
}
