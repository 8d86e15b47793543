package com.example.sample.policy;

import dev.filigree.api.attention.AttentionProblem;
import dev.filigree.api.attention.AttentionTensors;
import dev.filigree.api.attention.HeadPattern;
import dev.filigree.api.attention.KvAccess;
import dev.filigree.api.attention.Masking;
import dev.filigree.api.op.DenseAttention;
import dev.filigree.api.op.Op;
import dev.filigree.api.op.PagedAttention;
import dev.filigree.api.op.StreamingAttention;
import dev.filigree.api.plan.PlanBuilder;
import java.util.Optional;

/** The op that computes a pattern, over pages or over gathered keys and values. */
final class WindowSteps {
    private final AttentionProblem problem;
    private final AttentionTensors t;

    WindowSteps(AttentionProblem problem, PlanBuilder builder) {
        this.problem = problem;
        t = new AttentionTensors(problem, builder);
    }

    Op attention(int kvClass, KvAccess reads, HeadPattern pattern) {
        if (reads == KvAccess.PAGES) {
            return paged(kvClass, pattern);
        }
        return switch (pattern) {
            case HeadPattern.Dense dense -> gathered(kvClass);
            case HeadPattern.Streaming streaming -> gathered(kvClass, streaming);
        };
    }

    private Op paged(int kvClass, HeadPattern pattern) {
        return new PagedAttention(
                t.servedHeads(kvClass),
                pattern,
                problem.scale(),
                t.pages(kvClass),
                t.q(),
                t.qOffsets(),
                t.kvLengths(),
                Optional.empty(),
                t.out(),
                t.lse());
    }

    private Op gathered(int kvClass) {
        return new DenseAttention(
                t.servedHeads(kvClass),
                Masking.CAUSAL,
                problem.scale(),
                t.q(),
                t.gatheredK(kvClass),
                t.gatheredV(kvClass),
                t.qOffsets(),
                t.kvOffsets(kvClass),
                t.out(),
                t.lse());
    }

    private Op gathered(int kvClass, HeadPattern.Streaming pattern) {
        return new StreamingAttention(
                t.servedHeads(kvClass),
                pattern,
                problem.scale(),
                t.q(),
                t.gatheredK(kvClass),
                t.gatheredV(kvClass),
                t.qOffsets(),
                t.kvOffsets(kvClass),
                Optional.of(t.positions()),
                Optional.of(t.kvPositions(kvClass)),
                t.out(),
                t.lse());
    }
}
