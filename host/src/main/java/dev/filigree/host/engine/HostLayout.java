package dev.filigree.host.engine;

import dev.filigree.api.plan.Plan;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.TensorRole;
import dev.filigree.api.tensor.BufferScope;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The tensors of one role of a plan, one behind the other in one buffer.
 *
 * @param offsets byte offset of each tensor, aligned as buffers are
 * @param decls their declarations
 * @param sizeBytes of all together
 */
record HostLayout(Map<TensorRef, Long> offsets, Map<TensorRef, TensorDecl> decls, long sizeBytes) {

    static HostLayout of(Plan plan, TensorRole role) {
        Map<TensorRef, Long> offsets = new LinkedHashMap<>();
        Map<TensorRef, TensorDecl> decls = new LinkedHashMap<>();
        long end = 0;
        for (TensorDecl decl : plan.tensors().all()) {
            if (decl.role() == role) {
                offsets.put(decl.ref(), end);
                decls.put(decl.ref(), decl);
                end = Math.addExact(end, align(decl.capacityBytes()));
            }
        }
        return new HostLayout(offsets, decls, end);
    }

    private static long align(long bytes) {
        return Math.ceilDiv(bytes, BufferScope.ALIGNMENT_BYTES) * BufferScope.ALIGNMENT_BYTES;
    }
}
