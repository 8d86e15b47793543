package dev.filigree.policies.config;

import java.util.List;
import java.util.stream.Collectors;

/** A config cannot be used; all that is wrong with it, one line each. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<ConfigProblem> problems;

    /** The problems, sorted by line. */
    public ConfigException(List<ConfigProblem> problems) {
        super(problems.stream().map(ConfigProblem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    /** The problems, sorted by line. */
    public List<ConfigProblem> problems() {
        return problems;
    }
}
