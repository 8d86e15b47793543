package dev.filigree.host.tokenizer.decoder;

import dev.filigree.host.tokenizer.pattern.TextPattern;

/** Replaces a pattern within each token. */
final class ReplaceStep extends WholeTokenStep {
    private final TextPattern pattern;
    private final String content;

    ReplaceStep(DecodeStep next, TextPattern pattern, String content) {
        super(next);
        this.pattern = pattern;
        this.content = content;
    }

    @Override
    void token(String token) {
        pass(pattern.replaceAll(token, content));
    }
}
