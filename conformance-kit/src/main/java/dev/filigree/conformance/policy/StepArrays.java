package dev.filigree.conformance.policy;

import dev.filigree.api.kvcache.KvCachePlan;
import dev.filigree.api.kvcache.KvClass;
import dev.filigree.conformance.problem.TensorData;
import java.util.List;
import java.util.function.IntToLongFunction;

/** The arrays that the host fills for a step, by the names that plans give them. */
final class StepArrays {
    private final KvCachePlan kv;
    private final int[] past;
    private final int[] now;
    private final List<Tokens> fresh;

    StepArrays(KvCachePlan kv, int[] past, int[] now, List<Tokens> fresh) {
        this.kv = kv;
        this.past = past.clone();
        this.now = now;
        this.fresh = fresh;
    }

    /** The extent of a variable axis. */
    long axis(String name) {
        if (name.equals("numTokens")) {
            return last(i -> now[i]);
        }
        if (name.equals("numSeqs")) {
            return past.length;
        }
        if (name.startsWith("numQBlocks.")) {
            return last(blockRows(Integer.parseInt(name.substring("numQBlocks.".length()))));
        }
        if (name.startsWith("kv.") && name.endsWith(".numKvTokens")) {
            return last(kvRows(named(name)));
        }
        throw new IllegalArgumentException("the kit knows no axis " + name);
    }

    /** Fills an input. Outputs keep their zeros. */
    TensorData fill(TensorData data) {
        String name = data.decl().ref().name();
        switch (name) {
            case "q" -> data.fill(rows(Tokens::q));
            case "k" -> data.fill(rows(Tokens::k));
            case "v" -> data.fill(rows(Tokens::v));
            case "attn", "attn.lse" -> {}
            case "qOffsets" -> data.fill(offsets(i -> now[i]));
            case "positions" -> data.fill(positions());
            case "pastLengths" -> data.fill(past);
            case "kvLengths" -> data.fill(each(i -> past[i] + now[i]));
            case "slots" -> data.fill(each(i -> past.length - 1 - i));
            default -> fillByPart(name, data);
        }
        return data;
    }

    private void fillByPart(String name, TensorData data) {
        if (name.startsWith("qBlockOffsets.")) {
            data.fill(offsets(blockRows(Integer.parseInt(name.substring("qBlockOffsets.".length())))));
        } else if (name.endsWith(".kvOffsets")) {
            data.fill(offsets(kvRows(named(name))));
        } else if (name.endsWith(".pageTable")) {
            data.fill(pageTable(named(name), data.extent(1)));
        } else {
            throw new IllegalArgumentException("the kit knows no input " + name);
        }
    }

    private KvClass named(String tensor) {
        return kv.classes().stream()
                .filter(c -> tensor.startsWith("kv." + c.name() + "."))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no cache class for " + tensor));
    }

    private IntToLongFunction kvRows(KvClass c) {
        return i -> c.retention().retainedTokens(past[i]) + now[i];
    }

    private IntToLongFunction blockRows(int size) {
        return i -> now[i] == 0 ? 0 : Math.ceilDiv(past[i] + now[i], size) - past[i] / size;
    }

    // Sequences take turns in the pool, so that no sequence's pages lie side by side.
    private int[] pageTable(KvClass c, int columns) {
        int[] table = new int[past.length * columns];
        for (int i = 0; i < table.length; i++) {
            int sequence = i / columns;
            int column = i % columns;
            table[i] = column < c.pagesFor(past[sequence] + now[sequence]) ? column * past.length + sequence : -1;
        }
        return table;
    }

    private int[] positions() {
        int[] positions = new int[(int) last(i -> now[i])];
        int at = 0;
        for (int s = 0; s < past.length; s++) {
            for (int i = 0; i < now[s]; i++) {
                positions[at++] = past[s] + i;
            }
        }
        return positions;
    }

    private interface Part {
        float[][] of(Tokens tokens);
    }

    private float[] rows(Part part) {
        int size = 0;
        for (Tokens tokens : fresh) {
            for (float[] row : part.of(tokens)) {
                size += row.length;
            }
        }
        float[] all = new float[size];
        int at = 0;
        for (Tokens tokens : fresh) {
            for (float[] row : part.of(tokens)) {
                System.arraycopy(row, 0, all, at, row.length);
                at += row.length;
            }
        }
        return all;
    }

    private int[] each(IntToLongFunction value) {
        int[] values = new int[past.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (int) value.applyAsLong(i);
        }
        return values;
    }

    private int[] offsets(IntToLongFunction length) {
        int[] offsets = new int[past.length + 1];
        for (int i = 0; i < past.length; i++) {
            offsets[i + 1] = offsets[i] + (int) length.applyAsLong(i);
        }
        return offsets;
    }

    private long last(IntToLongFunction length) {
        return offsets(length)[past.length];
    }
}
