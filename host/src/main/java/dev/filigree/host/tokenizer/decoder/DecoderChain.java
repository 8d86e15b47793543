package dev.filigree.host.tokenizer.decoder;

/** Makes the first link of a fresh chain that ends in {@code sink}; immutable and thread-safe. */
@FunctionalInterface
public interface DecoderChain {
    DecodeStep open(DecodeStep sink);
}
