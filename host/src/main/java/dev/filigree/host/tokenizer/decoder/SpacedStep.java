package dev.filigree.host.tokenizer.decoder;

/** Puts a space between tokens: what a file without a decoder means. */
final class SpacedStep extends PassingStep {
    private boolean spaceDue;

    SpacedStep(DecodeStep next) {
        super(next);
    }

    @Override
    public void text(String text) {
        next.text(spaceDue ? " " + text : text);
        spaceDue = false;
    }

    @Override
    public void endToken() {
        spaceDue = true;
        next.endToken();
    }
}
