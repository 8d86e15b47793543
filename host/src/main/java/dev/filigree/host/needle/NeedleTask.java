package dev.filigree.host.needle;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a prompt asks for; the tasks that the demo model was trained on. */
public enum NeedleTask {
    /** One pass key. */
    SINGLE,
    /** One pass key among others whose names are alike. */
    MULTIKEY,
    /** Three codes of one name, in order, among those of another. */
    MULTIVALUE,
    /** One line of a text that is nothing but key-value lines. */
    KV,
    /** A string of 32 characters, verbatim. */
    COPY;

    /** The name used on the command line. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The task of that name.
     *
     * @throws IllegalArgumentException with the accepted names if there is none
     */
    public static NeedleTask of(String id) {
        return Arrays.stream(values())
                .filter(task -> task.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("task must be one of "
                        + Arrays.stream(values()).map(NeedleTask::id).collect(Collectors.joining(", ")) + ", not "
                        + id));
    }
}
