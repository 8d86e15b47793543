package dev.filigree.host.tokenizer;

import dev.filigree.host.tokenizer.decoder.DecodeStep;
import dev.filigree.host.tokenizer.decoder.DecoderChain;

/**
 * Decodes a stream of token ids. Text is returned as soon as it is certain: a character whose bytes are spread over several
 * tokens comes with its last token, never in halves. All returned texts together are what {@link Tokenizer#decode} gives.
 * Not thread-safe.
 */
public final class StreamingDecoder {
    private final TokenTable tokens;
    private final boolean skipSpecialTokens;
    private final StringBuilder ready = new StringBuilder();
    private final DecodeStep chain;

    StreamingDecoder(TokenTable tokens, DecoderChain decoder, boolean skipSpecialTokens) {
        this.tokens = tokens;
        this.skipSpecialTokens = skipSpecialTokens;
        this.chain = decoder.open(new DecodeStep() {
            @Override
            public void text(String text) {
                ready.append(text);
            }

            @Override
            public void endToken() {
                // token boundaries end here
            }

            @Override
            public void finish() {
                // nothing is held back here
            }
        });
    }

    /** The text that is certain once {@code id} is known, often empty. */
    public String add(int id) {
        if (!(skipSpecialTokens && tokens.isSpecial(id))) {
            tokens.token(id).ifPresent(token -> {
                chain.text(token);
                chain.endToken();
            });
        }
        return take();
    }

    /** What was held back, when no more ids come; an incomplete character gives U+FFFD. Call it once, last. */
    public String finish() {
        chain.finish();
        return take();
    }

    private String take() {
        String text = ready.toString();
        ready.setLength(0);
        return text;
    }
}
