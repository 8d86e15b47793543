package dev.filigree.integration.embedding;

import dev.filigree.host.Filigree;
import java.nio.file.Path;

public class EmbeddingExample {
    public static void main(String[] args) {
        try (Filigree model = Filigree.open(Path.of("examples/needle.yaml"))) {
            String answer =
                    model.generate("The pass key for amber otter is 83412. What is the pass key for amber otter? ", 6);
            System.out.println(answer);
        }
    }
}
