package dev.filigree.host.calibrate.heads;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The ways to find retrieval heads. */
public enum HeadMethod {
    /** Gates trained by their explicit gradient. */
    GRADIENT("trained gates"),
    /** Attention mass beyond the streaming window. */
    MASS("distant attention mass"),
    /** Change of a head's contribution to the residual stream. */
    DEVIATION("local output deviation"),
    /** Change of the final hidden states when one head streams. */
    KNOCKOUT("knock-out of one head"),
    /** Reach of the mean query over the mean key. */
    ROTATION("on-the-fly statistic of mean query and key");

    private final String title;

    HeadMethod(String title) {
        this.title = title;
    }

    /** A phrase for people. */
    public String title() {
        return title;
    }

    /** The name used on the command line. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The method of that name.
     *
     * @throws IllegalArgumentException with the accepted names if there is none
     */
    public static HeadMethod of(String id) {
        return Arrays.stream(values())
                .filter(method -> method.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("method must be one of "
                        + Arrays.stream(values()).map(HeadMethod::id).collect(Collectors.joining(", ")) + ", not "
                        + id));
    }
}
