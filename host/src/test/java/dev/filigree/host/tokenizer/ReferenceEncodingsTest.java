package dev.filigree.host.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every encoding that Hugging Face tokenizers wrote for the four sample tokenizers. */
final class ReferenceEncodingsTest {
    @ParameterizedTest
    @ValueSource(strings = {"llama2-bpe", "llama3-bpe", "qwen-bpe", "wordlevel"})
    void idsTokensAndDecodedTextAreTheReferences(String name) throws IOException {
        Tokenizer tokenizer = Tokenizer.read(TokenizerFiles.folder(name));
        JsonNode cases = new ObjectMapper()
                .readTree(TokenizerFiles.folder(name).resolve("encodings.json").toFile());
        assertEquals(28, cases.size());
        for (JsonNode item : cases) {
            String text = item.get("text").textValue();
            int[] ids = tokenizer.encode(text, true);
            assertArrayEquals(ints(item.get("ids")), ids, text);
            assertArrayEquals(ints(item.get("ids_plain")), tokenizer.encode(text, false), text);
            assertEquals(strings(item.get("tokens")), tokens(tokenizer, ids), text);
            assertEquals(item.get("decoded").textValue(), tokenizer.decode(ids, true), text);
            assertTrue(Arrays.stream(ids).allMatch(id -> id < tokenizer.vocabSize()), text);
        }
    }

    private static int[] ints(JsonNode array) {
        return IntStream.range(0, array.size())
                .map(i -> array.get(i).intValue())
                .toArray();
    }

    private static List<String> strings(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::textValue)
                .toList();
    }

    private static List<String> tokens(Tokenizer tokenizer, int[] ids) {
        return Arrays.stream(ids)
                .mapToObj(id -> tokenizer.token(id).orElseThrow())
                .toList();
    }
}
