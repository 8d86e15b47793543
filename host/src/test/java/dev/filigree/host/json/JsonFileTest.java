package dev.filigree.host.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonFileTest {
    @TempDir
    private Path folder;

    private String refusal(String text) throws Exception {
        Path file = Files.writeString(folder.resolve("f.json"), text);
        IllegalStateException refused = assertThrows(
                IllegalStateException.class, () -> JsonFile.read(file, 1 << 20, IllegalStateException::new));
        return String.valueOf(refused.getMessage());
    }

    /** The parser quotes a key that stands twice, however long it is. */
    @Test
    void aComplaintStaysALineToRead() throws Exception {
        String key = "[\u001b".repeat(10_000);
        String refusal = refusal(
                "{\"" + key.replace("\u001b", "\\u001b") + "\": 1, \"" + key.replace("\u001b", "\\u001b") + "\": 2}");
        assertTrue(refusal.contains("Duplicate") && refusal.length() < 1_600, refusal);
        assertFalse(refusal.contains("\u001b"), "control characters reach the terminal");
    }

    @Test
    void whatIsNoDocumentIsRefused() throws Exception {
        assertTrue(refusal("").contains("accepted: one JSON document"));
        assertTrue(refusal("{} {}").contains("is not a JSON document"));
        assertTrue(refusal("[".repeat(100)).contains("is not a JSON document"));
        Files.write(folder.resolve("f.json"), new byte[] {(byte) 0xff});
        assertTrue(refusalOf(1 << 20).contains("is not UTF-8 text"));
        assertTrue(refusalOf(0).contains("has 1 bytes; accepted: at most 0"));
        Files.delete(folder.resolve("f.json"));
        assertTrue(refusalOf(1).contains("does not exist"));
    }

    private String refusalOf(long maxBytes) {
        return String.valueOf(assertThrows(
                        IllegalStateException.class,
                        () -> JsonFile.read(folder.resolve("f.json"), maxBytes, IllegalStateException::new))
                .getMessage());
    }

    @Test
    void aPlaceFarDownStaysALineToRead() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            text.append("{\"").append("k".repeat(79)).append("\":");
        }
        JsonValue value = JsonFile.parse(text + "1" + "}".repeat(60), "f.json", IllegalStateException::new);
        for (int i = 0; i < 60; i++) {
            value = value.get("k".repeat(79));
        }
        String refusal = String.valueOf(value.notA("a text").getMessage());
        assertTrue(refusal.length() < 600 && refusal.endsWith("is 1; accepted: a text"), refusal);
    }

    @Test
    void aTextIsReadAsAFileIs() {
        JsonValue value = JsonFile.parse("{\"a\": 3}", "the metadata", IllegalStateException::new);
        assertEquals(3, value.get("a").integer(0, 5));
        assertEquals(
                "the metadata: a is 3; accepted: a whole number from 4 to 5",
                assertThrows(IllegalStateException.class, () -> value.get("a").integer(4, 5))
                        .getMessage());
    }
}
