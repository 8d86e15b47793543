package dev.filigree.conformance.mutant;

import dev.filigree.api.attention.Masking;
import dev.filigree.api.backend.Backend;
import dev.filigree.api.backend.PreparedPlan;
import dev.filigree.api.op.AntidiagonalScore;
import dev.filigree.api.op.BlockSelect;
import dev.filigree.api.op.PageScore;
import dev.filigree.api.op.PageSelect;
import dev.filigree.api.op.PageStats;
import dev.filigree.api.plan.Plan;
import dev.filigree.conformance.problem.TensorData;
import dev.filigree.conformance.rule.Rule;
import java.util.ArrayList;
import java.util.List;

/** Defects of choosing blocks and pages. */
final class SelectionMutants {
    private SelectionMutants() {}

    static List<Mutant> all() {
        List<Mutant> all = new ArrayList<>(blocks());
        all.addAll(pages());
        return all;
    }

    private static List<Mutant> blocks() {
        return List.of(
                Mutant.rewrite(
                        "stripes paired the other way",
                        Rule.R601,
                        AntidiagonalScore.class,
                        SelectionMutants::otherResidues),
                Mutant.kernel(
                        "mass depends on where a chunk ends",
                        Rule.R602,
                        AntidiagonalScore.class,
                        SelectionMutants::perChunk),
                Mutant.kernel(
                        "mass of a stripe counted twice", Rule.R603, AntidiagonalScore.class, (op, view, honest) -> {
                            honest.run();
                            scale(view.get(op.blockMass()), 2);
                        }),
                Mutant.rewrite(
                        "estimated scores at half the scale",
                        Rule.R621,
                        AntidiagonalScore.class,
                        op -> score(op, op.norm() * 2, op.residues())),
                Mutant.rewrite(
                        "alternating residues taken for antidiagonals",
                        Rule.R622,
                        AntidiagonalScore.class,
                        op -> score(op, op.norm(), AntidiagonalScore.Residues.ANTIDIAGONAL)),
                Mutant.kernel(
                        "threshold 1 taken for 0.99",
                        Rule.R605,
                        BlockSelect.class,
                        (op, view, honest) -> view.changed(op.thresholds(), t -> limit(t, 0.99f), honest)),
                Mutant.kernel(
                        "threshold in single steps of 1/8",
                        Rule.R604,
                        BlockSelect.class,
                        (op, view, honest) -> view.changed(op.thresholds(), SelectionMutants::coarse, honest)),
                Mutant.rewrite("sink block not kept", Rule.R606, BlockSelect.class, SelectionMutants::bidirectional),
                Mutant.kernel(
                        "ties to the higher block",
                        Rule.R607,
                        BlockSelect.class,
                        (op, view, honest) -> view.changed(op.blockMass(), SelectionMutants::tilt, honest)),
                Mutant.kernel(
                        "one block more than needed",
                        Rule.R608,
                        BlockSelect.class,
                        (op, view, honest) -> view.changed(op.thresholds(), t -> scale(t, 1.1), honest)),
                Mutant.kernel(
                        "NaN mass taken for 0",
                        Rule.R609,
                        BlockSelect.class,
                        (op, view, honest) -> view.changed(op.blockMass(), SelectionMutants::dropNaN, honest)),
                Mutant.rewrite("heads of a group choose alone", Rule.R610, BlockSelect.class, SelectionMutants::alone));
    }

    private static List<Mutant> pages() {
        return List.of(
                Mutant.kernel("page scores at half the scale", Rule.R612, PageScore.class, (op, view, honest) -> {
                    honest.run();
                    scaleScores(op, view);
                }),
                Mutant.kernel("page scores scaled by the head dim", Rule.R611, PageScore.class, (op, view, honest) -> {
                    honest.run();
                    scaleScores(op, view);
                }),
                Mutant.kernel(
                        "pages chosen by the smallest score",
                        Rule.R613,
                        PageSelect.class,
                        (op, view, honest) -> view.changed(op.scores(), t -> scale(t, -1), honest)),
                Mutant.rewrite(
                        "sink page not pinned", Rule.R614, PageSelect.class, op -> select(op, 0, op.reuseInterval())),
                Mutant.kernel(
                        "a reused list misses the newest page", Rule.R615, PageSelect.class, SelectionMutants::keepOld),
                Mutant.kernel(
                        "ties to the higher page",
                        Rule.R616,
                        PageSelect.class,
                        (op, view, honest) -> view.changed(op.scores(), SelectionMutants::tilt, honest)),
                new Mutant(
                        "scores chosen by are those of before",
                        Rule.R617,
                        provider -> new MutantProvider(provider, SelectionMutants::blindSelection)),
                new Mutant(
                        "a list chosen anew is not scored",
                        Rule.R618,
                        provider -> new MutantProvider(provider, SelectionMutants::unscored)),
                Mutant.kernel(
                        "statistics recomputed for the first page only",
                        Rule.R714,
                        PageStats.class,
                        (op, view, honest) -> view.changed(
                                op.kvLengths(),
                                t -> limitInts(t, op.kv().layout().pageSize()),
                                honest)));
    }

    private static AntidiagonalScore otherResidues(AntidiagonalScore op) {
        AntidiagonalScore.Residues other = op.residues() == AntidiagonalScore.Residues.ANTIDIAGONAL
                ? AntidiagonalScore.Residues.ALTERNATING
                : AntidiagonalScore.Residues.ANTIDIAGONAL;
        return score(op, op.norm(), other);
    }

    private static AntidiagonalScore score(AntidiagonalScore op, float norm, AntidiagonalScore.Residues residues) {
        return new AntidiagonalScore(
                op.heads(),
                op.masking(),
                op.scale(),
                op.blockSize(),
                op.stride(),
                norm,
                residues,
                op.q(),
                op.k(),
                op.qOffsets(),
                op.kvOffsets(),
                op.qBlockOffsets(),
                op.blockMass());
    }

    private static void perChunk(AntidiagonalScore op, RunView view, Runnable honest) {
        honest.run();
        TensorData mass = view.get(op.blockMass());
        scale(mass, 1 + 0.01 * mass.extent(0));
    }

    private static BlockSelect bidirectional(BlockSelect op) {
        return select(op, op.masking(), op.group(), false);
    }

    private static BlockSelect alone(BlockSelect op) {
        return select(op, op.masking(), BlockSelect.GroupMode.QUERY_HEAD, op.keepSink());
    }

    private static BlockSelect select(BlockSelect op, Masking masking, BlockSelect.GroupMode group, boolean keepSink) {
        return new BlockSelect(
                op.heads(),
                masking,
                op.blockSize(),
                group,
                keepSink,
                op.keepDiagonal(),
                op.blockMass(),
                op.thresholds(),
                op.qOffsets(),
                op.kvOffsets(),
                op.qBlockOffsets(),
                op.blockCounts(),
                op.blockIndices());
    }

    private static PageSelect select(PageSelect op, int sinkPages, int interval) {
        return new PageSelect(
                op.heads(),
                op.budgetPages(),
                sinkPages,
                op.pageSize(),
                interval,
                op.scores(),
                op.kvLengths(),
                op.choice());
    }

    // Leaves lists that are in use as they were.
    private static void keepOld(PageSelect op, RunView view, Runnable honest) {
        TensorData counts = view.get(op.choice().counts());
        TensorData pages = view.get(op.choice().pages());
        TensorData countsBefore = counts.copy();
        TensorData pagesBefore = pages.copy();
        honest.run();
        for (int i = 0; i < counts.numElements(); i++) {
            if (countsBefore.getInt(i) > 0 && countsBefore.getInt(i) < pages.extent(2)) {
                counts.setInt(i, countsBefore.getInt(i));
                for (int j = 0; j < pages.extent(2); j++) {
                    long at = (long) i * pages.extent(2) + j;
                    pages.setInt(at, pagesBefore.getInt(at));
                }
            }
        }
    }

    // In a plan that scores and selects, selecting runs first and so reads what the scores were before.
    private static PreparedPlan blindSelection(Backend backend, Plan plan) {
        return scoresAndSelects(plan) ? swapped(backend, plan) : backend.prepare(plan);
    }

    private static boolean scoresAndSelects(Plan plan) {
        return plan.ops().size() == 2
                && plan.ops().get(0) instanceof PageScore
                && plan.ops().get(1) instanceof PageSelect;
    }

    // The same where the scores say which of them will be read.
    private static PreparedPlan unscored(Backend backend, Plan plan) {
        boolean told = scoresAndSelects(plan)
                && plan.ops().get(0) instanceof PageScore score
                && score.reuse().isPresent();
        return told ? swapped(backend, plan) : backend.prepare(plan);
    }

    private static PreparedPlan swapped(Backend backend, Plan plan) {
        Plan swapped = new Plan(plan.name(), plan.tensors(), plan.ops().reversed());
        return new MutantProvider.MutantPlan(plan, backend.prepare(swapped), PreparedPlan::run);
    }

    private static void scaleScores(PageScore op, RunView view) {
        TensorData scores = view.get(op.scores());
        for (int i = 0; i < scores.numElements(); i++) {
            float score = scores.get(i);
            scores.set(i, score > 0 ? score / 2 : score * 2);
        }
    }

    private static void scale(TensorData tensor, double factor) {
        for (int i = 0; i < tensor.numElements(); i++) {
            tensor.set(i, (float) (tensor.get(i) * factor));
        }
    }

    private static void limit(TensorData tensor, float most) {
        for (int i = 0; i < tensor.numElements(); i++) {
            tensor.set(i, Math.min(most, tensor.get(i)));
        }
    }

    private static void limitInts(TensorData tensor, int most) {
        for (int i = 0; i < tensor.numElements(); i++) {
            tensor.setInt(i, Math.min(most, tensor.getInt(i)));
        }
    }

    private static void coarse(TensorData tensor) {
        for (int i = 0; i < tensor.numElements(); i++) {
            tensor.set(i, (float) Math.floor(tensor.get(i) * 8) / 8);
        }
    }

    private static void tilt(TensorData tensor) {
        int width = tensor.extent(2);
        for (int i = 0; i < tensor.numElements(); i++) {
            tensor.set(i, tensor.get(i) + 1e-5f * (i % width));
        }
    }

    private static void dropNaN(TensorData tensor) {
        for (int i = 0; i < tensor.numElements(); i++) {
            if (Float.isNaN(tensor.get(i))) {
                tensor.set(i, 0);
            }
        }
    }
}
