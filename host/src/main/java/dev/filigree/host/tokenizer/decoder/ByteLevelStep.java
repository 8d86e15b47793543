package dev.filigree.host.tokenizer.decoder;

import dev.filigree.host.tokenizer.bytes.ByteAlphabet;
import dev.filigree.host.tokenizer.bytes.Utf8Assembler;

/** Tokens in the byte alphabet to text, all of them joined; malformed UTF-8 becomes U+FFFD. */
final class ByteLevelStep extends WholeTokenStep {
    private final Utf8Assembler utf8 = new Utf8Assembler();

    ByteLevelStep(DecodeStep next) {
        super(next);
    }

    @Override
    void token(String token) {
        next.text(utf8.add(ByteAlphabet.decode(token)));
    }

    @Override
    public void finish() {
        next.text(utf8.finish());
        next.endToken();
        next.finish();
    }
}
