package dev.filigree.host.tokenizer.decoder;

/** A link that looks at tokens as wholes. */
abstract class WholeTokenStep extends PassingStep {
    private final StringBuilder token = new StringBuilder();

    WholeTokenStep(DecodeStep next) {
        super(next);
    }

    /** Takes one complete token. */
    abstract void token(String token);

    final void pass(String text) {
        next.text(text);
        next.endToken();
    }

    @Override
    public final void text(String text) {
        token.append(text);
    }

    @Override
    public final void endToken() {
        String complete = token.toString();
        token.setLength(0);
        token(complete);
    }
}
