package dev.filigree.cpu.reference.common;

import dev.filigree.api.host.HostTensor;

/** Keys and values in {@code [numKvTokens, numKvSlots, headDim]} tensors. Point it at a sequence and slot first. */
public final class ContiguousKeyValues implements KeyValues {
    private final HostTensor k;
    private final HostTensor v;
    private long firstRow;
    private int slot;

    /** Keys and values of the two tensors. */
    public ContiguousKeyValues(HostTensor k, HostTensor v) {
        this.k = k;
        this.v = v;
    }

    /** Makes key j the row {@code firstRow + j} of a slot. */
    public void point(long newFirstRow, int newSlot) {
        firstRow = newFirstRow;
        slot = newSlot;
    }

    @Override
    public void key(int key, float[] target) {
        Rows.read(k, k.at(firstRow + key, slot, 0), target);
    }

    @Override
    public void value(int key, float[] target) {
        Rows.read(v, v.at(firstRow + key, slot, 0), target);
    }
}
