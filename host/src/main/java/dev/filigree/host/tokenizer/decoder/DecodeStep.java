package dev.filigree.host.tokenizer.decoder;

/** A link of a decoding chain. It has state and belongs to one stream; it passes text on to the next link. */
public interface DecodeStep {
    /** Takes some characters of the current token. */
    void text(String text);

    /** Takes the end of the current token. */
    void endToken();

    /** Takes the end of the stream; whatever was held back is passed on. */
    void finish();
}
