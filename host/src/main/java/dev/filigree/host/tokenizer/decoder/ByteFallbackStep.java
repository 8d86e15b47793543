package dev.filigree.host.tokenizer.decoder;

import dev.filigree.host.tokenizer.bytes.ByteToken;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Runs of tokens like {@code <0xE2>} to the characters they spell. A run that is not UTF-8 gives one U+FFFD for each of its
 * bytes, so a run is held back until the first token after it.
 */
final class ByteFallbackStep extends WholeTokenStep {
    private final ByteArrayOutputStream run = new ByteArrayOutputStream();

    ByteFallbackStep(DecodeStep next) {
        super(next);
    }

    @Override
    void token(String token) {
        int value = ByteToken.value(token);
        if (value >= 0) {
            run.write(value);
        } else {
            flush();
            pass(token);
        }
    }

    @Override
    public void finish() {
        flush();
        next.finish();
    }

    private void flush() {
        if (run.size() > 0) {
            byte[] bytes = run.toByteArray();
            run.reset();
            pass(decode(bytes));
        }
    }

    private static String decode(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return "\uFFFD".repeat(bytes.length);
        }
    }
}
