package dev.filigree.host.tokenizer.decoder;

/** The visible character back to a space; in the first token it is dropped where encoding put one in front. */
final class MetaspaceStep extends PassingStep {
    private final String replacement;
    private String current;

    MetaspaceStep(DecodeStep next, String replacement, boolean dropFirst) {
        super(next);
        this.replacement = replacement;
        this.current = dropFirst ? "" : " ";
    }

    @Override
    public void text(String text) {
        next.text(text.replace(replacement, current));
    }

    @Override
    public void endToken() {
        current = " ";
        next.endToken();
    }
}
