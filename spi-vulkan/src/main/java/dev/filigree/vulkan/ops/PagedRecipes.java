package dev.filigree.vulkan.ops;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.kvcache.KvPageLayout;
import dev.filigree.api.op.PageChoice;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.plan.Tensors;
import dev.filigree.vulkan.device.PhysicalDevice;
import dev.filigree.vulkan.launch.Launch;
import java.util.List;

/** Attention over cache pages: the pages of a query split over work groups, or one work group per query row and head. */
final class PagedRecipes {
    /** Channels that a lane holds; the same in {@code paged_attention_split.comp}. */
    private static final int CHANNELS = 8;

    /** Work groups that fill a device. */
    private static final long ENOUGH_GROUPS = 1024;

    private static final long MOST_ROWS = 1024;
    private static final int MOST_HEADS = 8;
    private static final int LANES = 128;

    /** Of the tests on a software device. */
    private static final int SUBGROUPS = 4;

    private PagedRecipes() {}

    static List<Launch> paged(PagedAttention a, Tensors t, PhysicalDevice device) {
        KvPageLayout layout = a.kv().layout();
        int span = layout.headDimQk() / CHANNELS;
        // A processor that plays the device gains nothing from lanes side by side, and takes long to compile them.
        boolean split = (!device.software() || device.matrices().emulated())
                && layout.headDimQk() == layout.headDimVo()
                && layout.headDimQk() % CHANNELS == 0
                && Integer.bitCount(span) == 1
                && span <= device.subgroupSize();
        long work = 4L * pages(a, t) * layout.pageSize() * layout.headDimQk();
        return split && t.get(a.q()).capacity(0) <= MOST_ROWS
                ? split(a, t, device, span)
                : List.of(common(new Launch("pagedattention/paged_attention", t), a, t)
                        .tensor("out", a.out())
                        .tensor("lse", a.lse())
                        .work(axes -> work)
                        .groups(axes -> Recipes.rows(t, a.q(), axes) * a.heads().numServedQoHeads()));
    }

    private static long pages(PagedAttention a, Tensors t) {
        return a.choice()
                .map(PageChoice::pages)
                .map(chosen -> t.get(chosen).capacity(2))
                .orElse(t.get(a.kv().pageTable()).capacity(1));
    }

    private static List<Launch> split(PagedAttention a, Tensors t, PhysicalDevice device, int span) {
        long rows = Math.max(1, t.get(a.q()).capacity(0));
        int together =
                a.choice().isPresent() && perHead(a) ? 1 : together(a.heads().groupSize());
        long lists = a.heads().numServedQoHeads() / together;
        int splits = (int) Math.clamp(ENOUGH_GROUPS / Math.max(1, rows * lists), 1, Math.max(1, pages(a, t)));
        long work = 4L * together * pages(a, t) / splits * a.kv().layout().pageSize() * span * CHANNELS;
        long bytes = rows * a.heads().numServedQoHeads() * splits * (layoutWidth(a) + 2) * Float.BYTES;
        Launch split = common(new Launch("pagedattention/paged_attention_split", t), a, t)
                .spec("HEADS", together)
                .spec("SPAN", span)
                .spec("SPLITS", splits)
                .scratch("parts", 0, bytes)
                .work(axes -> work)
                .lanes(device.software() ? SUBGROUPS * device.subgroupSize() : LANES)
                .groups(axes -> Recipes.rows(t, a.q(), axes) * lists * splits);
        Launch merge = new Launch("pagedattention/paged_attention_merge", t)
                .spec("SPLITS", splits)
                .tensor("out", a.out())
                .tensor("lse", a.lse())
                .scratch("parts", 0, bytes)
                .heads(a.heads())
                .groups(axes -> Recipes.rows(t, a.q(), axes) * a.heads().numServedQoHeads());
        return List.of(split, merge);
    }

    private static long layoutWidth(PagedAttention a) {
        return a.kv().layout().headDimVo();
    }

    /** Query heads of a work group: as many of those that share keys as fit into registers. */
    private static int together(int groupSize) {
        int heads = Math.min(groupSize, MOST_HEADS);
        while (groupSize % heads != 0) {
            heads--;
        }
        return heads;
    }

    private static boolean perHead(PagedAttention a) {
        return a.choice()
                .map(c -> c.scope() == PageChoice.SelectionScope.QUERY_HEAD)
                .orElse(true);
    }

    private static Launch common(Launch launch, PagedAttention a, Tensors t) {
        launch.spec("STREAMING", a.pattern() instanceof HeadPattern.Streaming)
                .spec("CHOSEN", a.choice().isPresent())
                .tensor("q", a.q())
                .tensor("qOffsets", a.qOffsets())
                .tensor("kvLengths", a.kvLengths())
                .tensor("counts", a.choice().map(PageChoice::counts))
                .tensor("chosen", a.choice().map(PageChoice::pages))
                .tensor("slots", a.choice().map(PageChoice::slots))
                .real("scale", a.scale())
                .heads(a.heads())
                .number("headsPerList", perHead(a) ? 1 : a.heads().groupSize());
        if (a.pattern() instanceof HeadPattern.Streaming(int sink, int recent)) {
            launch.number("sink", sink).number("recent", recent);
        }
        return CacheRecipes.pages(launch, a.kv());
    }
}
