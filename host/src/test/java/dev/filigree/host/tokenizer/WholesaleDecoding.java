package dev.filigree.host.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Decoding of a whole token list at once, in the most obvious way: the oracle of the streaming tests. */
final class WholesaleDecoding {
    private WholesaleDecoding() {}

    static String byteLevel(List<String> tokens) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (char c : String.join("", tokens).toCharArray()) {
            bytes.write(byteOf(c));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static int byteOf(char c) {
        if (c < 0x100) {
            return c;
        }
        int shifted = c - 0x100;
        return shifted <= 32 ? shifted : shifted <= 66 ? shifted - 33 + 0x7F : 0xAD;
    }

    static String byteFallback(List<String> tokens) {
        StringBuilder text = new StringBuilder();
        ByteArrayOutputStream run = new ByteArrayOutputStream();
        for (String token : tokens) {
            if (token.matches("<0x[0-9A-F]{2}>")) {
                run.write(Integer.parseInt(token.substring(3, 5), 16));
            } else {
                text.append(strict(run)).append(token.replace('▁', ' '));
            }
        }
        text.append(strict(run));
        return text.toString().startsWith(" ") ? text.substring(1) : text.toString();
    }

    private static String strict(ByteArrayOutputStream run) {
        byte[] bytes = run.toByteArray();
        run.reset();
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
