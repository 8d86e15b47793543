package dev.filigree.host.tokenizer.decoder;

/** A link that passes everything on; subclasses change what they care for. */
abstract class PassingStep implements DecodeStep {
    final DecodeStep next;

    PassingStep(DecodeStep next) {
        this.next = next;
    }

    @Override
    public void text(String text) {
        next.text(text);
    }

    @Override
    public void endToken() {
        next.endToken();
    }

    @Override
    public void finish() {
        next.finish();
    }
}
