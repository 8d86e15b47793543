package dev.filigree.api.plan;

/**
 * The name of a tensor inside one plan, such as {@code layer3.q}.
 *
 * @param name letters, digits, '.', '_' and '-'
 */
public record TensorRef(String name) {

    /** Checks the characters of the name. */
    public TensorRef {
        if (name.isEmpty() || !name.chars().allMatch(c -> Character.isLetterOrDigit(c) || "._-".indexOf(c) >= 0)) {
            throw new IllegalArgumentException(
                    "tensor name must be letters, digits, '.', '_' and '-', not \"" + name + "\"");
        }
    }

    /** The reference of that name. */
    public static TensorRef of(String name) {
        return new TensorRef(name);
    }

    @Override
    public String toString() {
        return name;
    }
}
