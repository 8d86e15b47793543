package dev.filigree.host.checkpoint;

import java.util.List;

/**
 * A checkpoint that cannot be used. Each problem is one sentence that names the file, the tensor or key where there is one,
 * the actual and the accepted values.
 */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // the lists of List.of and List.copyOf are serializable
    private final List<String> problems;

    public CheckpointException(String problem) {
        super(problem);
        problems = List.of(problem);
    }

    /** All that is wrong with {@code subject}; {@code problems} is not empty. */
    public CheckpointException(String subject, List<String> problems) {
        super(
                problems.size() == 1
                        ? problems.getFirst()
                        : subject + " has " + problems.size() + " problems:\n  " + String.join("\n  ", problems));
        this.problems = List.copyOf(problems);
    }

    /** One sentence per problem, at least one. */
    public List<String> problems() {
        return problems;
    }
}
