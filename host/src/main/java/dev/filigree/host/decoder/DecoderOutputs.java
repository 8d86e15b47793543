package dev.filigree.host.decoder;

import java.util.Locale;

/** What a decoder step gives back. */
public enum DecoderOutputs {
    /** Logits of each sequence's last token, and the next token drawn from them. */
    NEXT_TOKEN,
    /** Logits and hidden states of every token: what a check compares. */
    EVERY_POSITION;

    /** The name used in plans. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
