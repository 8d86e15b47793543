package dev.filigree.cpu.vector.attention;

import dev.filigree.cpu.vector.convert.Storage;

/**
 * What is fixed about an attention step when it is prepared.
 *
 * @param groupSize query heads per KV head
 * @param kvHeads the KV heads served
 * @param kvSlots for each of them its index on the head axis of keys and values
 * @param headDimQk width of queries and keys
 * @param headDimVo width of values and outputs
 * @param scale factor on every score
 * @param query storage of queries
 * @param out storage of outputs
 */
public record AttentionShape(
        int groupSize,
        int[] kvHeads,
        int[] kvSlots,
        int headDimQk,
        int headDimVo,
        float scale,
        Storage query,
        Storage out) {
    // Private to the module, read only, never compared: the arrays are not copied.
}
