package dev.filigree.host.tokenizer;

/** A tokenizer file or a text that cannot be used; the message is one sentence with the actual and accepted values. */
public final class TokenizerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TokenizerException(String message) {
        super(message);
    }
}
