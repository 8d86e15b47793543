package dev.filigree.host.tokenizer.model;

/** A vocabulary and the rule that picks tokens from it; immutable and thread-safe. */
public interface TokenModel {
    /** The model's own tokens. */
    Vocabulary vocabulary();

    /** A fresh encoder with scratch memory of its own, for one thread. */
    Encoder encoder();

    /** Encodes piece after piece. */
    @FunctionalInterface
    interface Encoder {
        /** Appends the ids of {@code piece}, which is not empty. */
        void encode(String piece, IdList out);
    }
}
