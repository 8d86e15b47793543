package dev.filigree.integration.fuzz;

/** Small good files of the formats that keep numbers. */
final class ReferenceSeeds {
    static final String POSITIONS = """
            {"family": "llama", "ids": [1, 2], "logits": {"0": [0.5, -1], "1": [2.5, 3e-2]}, "argmax": [0, 0],
             "hidden_norms": [[1.5, 2], [3, 4]], "greedy_after_first_2": [5, 6]}
            """;
    static final String PROMPTS = """
            {"prompts": [{"ids": [1, 2], "last_logits": [0.5, -1], "argmax": 0, "state_norms": [[1.5], [3]],
              "greedy_ids": [5], "greedy_text": "x"}]}
            """;
    static final String EVAL = """
            {"format": "filigree-eval", "version": 1, "results": {"f/c": {"config": "dense", "id": "c", "task": "single",
              "size": 768, "depth": 0.5, "expected": "a", "answer": "a", "exact": true, "promptTokens": 700,
              "prefillSeconds": 0.5, "decodeSeconds": 0.1, "prefillDensity": 1, "decodeDensity": 1, "kvBytes": 4096}}}
            """;
    static final String TRAINING = """
            {"format": "filigree-gate-training", "version": 1, "run": "r", "step": 3, "gates": [0.5, 1],
             "mean": [0, 1e-3], "square": [1, 2]}
            """;

    private ReferenceSeeds() {}
}
