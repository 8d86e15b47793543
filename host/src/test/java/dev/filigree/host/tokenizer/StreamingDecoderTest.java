package dev.filigree.host.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StreamingDecoderTest {
    private static final String TEXT = "naïve 数据 👩‍💻🏳️‍🌈 end";

    @ParameterizedTest
    @ValueSource(strings = {"llama2-bpe", "llama3-bpe", "qwen-bpe", "byte-vocabulary"})
    void noPartHoldsHalfACharacter(String name) {
        Tokenizer tokenizer = TokenizerFiles.sample(name);
        StreamingDecoder decoder = tokenizer.streamingDecoder(false);
        StringBuilder all = new StringBuilder();
        int[] ids = tokenizer.encode(TEXT, false);
        for (int id : ids) {
            String part = decoder.add(id);
            assertFalse(part.contains("\uFFFD"), part);
            assertFalse(!part.isEmpty() && Character.isHighSurrogate(part.charAt(part.length() - 1)), part);
            all.append(part);
        }
        assertEquals(TEXT, all.append(decoder.finish()).toString());
    }

    @Test
    void bytesComeOutOneCharacterAtATime() {
        Tokenizer tokenizer = TokenizerFiles.sample("byte-vocabulary");
        StreamingDecoder decoder = tokenizer.streamingDecoder(true);
        List<String> parts = new ArrayList<>();
        for (int id : tokenizer.encode("aé🙂", true)) {
            parts.add(decoder.add(id));
        }
        assertEquals(List.of("", "a", "", "é", "", "", "", "🙂"), parts);
    }

    @Test
    void aCharacterCutShortIsReplacedAtTheEndOnly() {
        StreamingDecoder decoder = TokenizerFiles.sample("byte-vocabulary").streamingDecoder(true);
        assertEquals("", decoder.add(0xF0));
        assertEquals("", decoder.add(0x9F));
        assertEquals("\uFFFD", decoder.finish());
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama2-bpe", "llama3-bpe", "qwen-bpe", "wordlevel", "byte-vocabulary"})
    void anyIdsInAnyOrderDecodeAsTheyStream(String name) {
        Tokenizer tokenizer = TokenizerFiles.sample(name);
        Random random = new Random(7);
        for (int run = 0; run < 200; run++) {
            int[] ids = random.ints(20, 0, tokenizer.vocabSize() + 3).toArray();
            StreamingDecoder decoder = tokenizer.streamingDecoder(false);
            StringBuilder streamed = new StringBuilder();
            for (int id : ids) {
                streamed.append(decoder.add(id));
            }
            streamed.append(decoder.finish());
            assertEquals(wholesale(tokenizer, name, ids), streamed.toString(), () -> name);
        }
    }

    /** What the decoders of the samples do, written down once more without streaming. */
    private static String wholesale(Tokenizer tokenizer, String name, int[] ids) {
        List<String> tokens = new ArrayList<>();
        for (int id : ids) {
            tokenizer.token(id).ifPresent(tokens::add);
        }
        return switch (name) {
            case "wordlevel" -> String.join(" ", tokens);
            case "llama2-bpe" -> WholesaleDecoding.byteFallback(tokens);
            default -> WholesaleDecoding.byteLevel(tokens);
        };
    }
}
