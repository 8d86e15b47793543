package dev.filigree.api.op;

import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.plan.PlanException;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import dev.filigree.api.tensor.DType;

/**
 * One layer's pages of one class of heads, as ops name them.
 *
 * @param layout bytes of a page
 * @param addressing which page-table column holds a position
 * @param pages {@code [numPages, pageBytes]} u8
 * @param pageTable {@code [numSeqs, numColumns]} i32, page ids below numPages; columns past those in use are not read
 */
public record KvPages(KvPageLayout layout, KvAddressing addressing, TensorRef pages, TensorRef pageTable) {

    void check(String op, Tensors tensors, int headDimQk, int headDimVo) {
        TensorDecl pool = tensors.requireRank(op, tensors.require(op, pages, DType.U8), 2);
        tensors.requireExtent(op, pool, 1, layout.pageBytes());
        tensors.requireRank(op, tensors.require(op, pageTable, DType.I32), 2);
        if (layout.headDimQk() != headDimQk || layout.headDimVo() != headDimVo) {
            throw new PlanException(op + ": pages of head dims " + layout.headDimQk() + " and " + layout.headDimVo()
                    + " cannot serve head dims " + headDimQk + " and " + headDimVo);
        }
    }

    @Override
    public String toString() {
        return pages + "(" + layout + ", " + addressing + ", table " + pageTable + ")";
    }
}
