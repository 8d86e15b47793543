package dev.filigree.host.tokenizer.decoder;

/** Makes one token of the whole stream. */
final class FuseStep extends PassingStep {
    FuseStep(DecodeStep next) {
        super(next);
    }

    @Override
    public void endToken() {
        // the one token ends with the stream
    }

    @Override
    public void finish() {
        next.endToken();
        next.finish();
    }
}
