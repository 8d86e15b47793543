package dev.filigree.cuda.ops;

import dev.filigree.api.kvcache.KvAddressing;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.KvPages;
import dev.filigree.cuda.launch.Arg;
import java.util.List;

/** A page layout as kernels take it: the words of PageLayout in common/pages.cuh. */
final class PageArgs {
    private PageArgs() {}

    static Arg of(KvPages kv) {
        KvPageLayout l = kv.layout();
        long sinkPages = kv.addressing() instanceof KvAddressing.Ring ring ? ring.sinkPages() : 0;
        long ringPages = kv.addressing() instanceof KvAddressing.Ring ring ? ring.ringPages() : 0;
        return new Arg.WordsArg(List.of(
                (long) l.numHeads(),
                (long) l.pageSize(),
                (long) l.headDimQk(),
                (long) l.headDimVo(),
                (long) l.k().storage().ordinal(),
                (long) l.v().storage().ordinal(),
                (long) l.k().maxCode(),
                (long) l.v().maxCode(),
                (long) l.logicalPageSize(),
                l.kDataOffset(),
                l.kScaleOffset(),
                l.kZeroOffset(),
                l.vDataOffset(),
                l.vScaleOffset(),
                l.vZeroOffset(),
                l.kMaxOffset(),
                l.kMinOffset(),
                sinkPages,
                ringPages));
    }
}
