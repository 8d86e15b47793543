package dev.filigree.host.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.filigree.host.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DitConfigTest {
    private static final Path SHAPES = Path.of("../examples/models/shapes-64");

    @TempDir
    private Path folder;

    @Test
    void captionsAreWordsOfTheVocabulary() {
        DitConfig config = DitConfigReader.read(SHAPES);
        assertArrayEquals(new int[] {2, 8, 20, 17}, config.encode(" a large  red ring "));
        assertArrayEquals(new int[] {DitConfig.EMPTY_CAPTION}, config.encode(""));
        assertEquals(
                "the model does not know the word 'pink'; it knows a, of, on",
                assertThrows(IllegalArgumentException.class, () -> config.encode("a pink ring"))
                        .getMessage()
                        .substring(0, 59));
        assertThrows(IllegalArgumentException.class, () -> config.encode("a <pad> ring"));
        assertEquals(
                "a caption must have at most 16 words, not 17",
                assertThrows(IllegalArgumentException.class, () -> config.encode("a ".repeat(17)))
                        .getMessage());
    }

    @Test
    void patchesAreCutChannelByChannel() {
        DitConfig config = DitConfigReader.read(SHAPES);
        float[] picture = new float[config.pictureValues()];
        for (int i = 0; i < picture.length; i++) {
            picture[i] = i;
        }
        float[] patches = new float[picture.length];
        Patches order = new Patches(config);
        order.cut(picture, patches, 0);
        // patch 17 is the second of the second row; its value 21 is channel 1, row 1, column 1
        assertEquals((1 * 64 + 5) * 64 + 5, patches[17 * 48 + 21]);
        float[] back = new float[picture.length];
        order.join(patches, 0, back);
        assertArrayEquals(picture, back);
    }

    @Test
    void noiseFollowsTheSeed() {
        float[] noise = Noise.of(1, 3);
        assertEquals(1.561581f, noise[0], 1e-6f);
        assertArrayEquals(noise, Noise.of(1, 3));
    }

    @Test
    void timesAreSinesAndCosines() {
        float[] angles = TimeAngles.ofSteps(4);
        assertEquals(4 * 256, angles.length);
        assertEquals((float) Math.cos(1000f), angles[0]);
        assertEquals((float) Math.sin(750f), angles[256 + 128]);
        // the slowest frequency is 10000^(-127/128)
        assertEquals(Math.cos(500 * Math.pow(10_000, -127 / 128.0)), angles[2 * 256 + 127], 1e-6);
    }

    @Test
    void otherModelsAreRefusedInOneSentence() throws IOException {
        String json = Files.readString(SHAPES.resolve("config.json"));
        refused(json.replace("ShapesDiT", "Flux"), "architecture is \"Flux\"; accepted: \"ShapesDiT\"");
        refused(json.replace("euler", "heun"), "sampler.kind is \"heun\"; accepted: \"euler\"");
        refused(json.replace("\"vocab_size\": 32", "\"vocab_size\": 31"), "vocab_size is 31; accepted: 32");
        refused(json.replace("\"num_heads\": 4", "\"num_heads\": 3"), "num_heads must divide hidden_size 256");
        refused(json.replace("\"patch_size\": 4", "\"patch_size\": 5"), "patch_size must divide image_size 64");
    }

    private void refused(String json, String sentence) throws IOException {
        Files.writeString(folder.resolve("config.json"), json);
        String message = assertThrows(CheckpointException.class, () -> DitConfigReader.read(folder))
                .getMessage();
        assertEquals(true, String.valueOf(message).contains(sentence), message);
    }
}
