package dev.filigree.conformance.certificate;

import dev.filigree.conformance.run.CaseResult;
import java.io.IOException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * A failure that is known and borne until a date: it is listed and does not decide the verdict. After the date it is a
 * failure like any other.
 *
 * @param target a rule such as {@code R1007}, or the id of a case
 * @param until last day on which it counts
 * @param reason one sentence
 */
public record Waiver(String target, LocalDate until, String reason) {
    private static final long MAX_BYTES = 1 << 20;

    /** Whether it speaks of a result, whatever the day. */
    public boolean covers(CaseResult result) {
        return result.executed().id().equals(target)
                || result.brokenRule().orElse(result.executed().rule()).name().equals(target);
    }

    /** Whether it still counts. */
    public boolean isValid(LocalDate today) {
        return !today.isAfter(until);
    }

    /**
     * Reads a file of lines {@code TARGET DATE REASON}; empty lines and lines that begin with # are passed over.
     *
     * @throws IllegalArgumentException naming the line and what is accepted
     */
    public static List<Waiver> read(Path file) throws IOException {
        List<Waiver> waivers = new ArrayList<>();
        List<String> lines =
                GivenText.read(file, MAX_BYTES, "a file of waivers").lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.isEmpty() && !line.startsWith("#")) {
                waivers.add(parse(line, file + ":" + (i + 1)));
            }
        }
        return List.copyOf(waivers);
    }

    private static Waiver parse(String line, String place) {
        String[] parts = line.split("\\s+", 3);
        if (parts.length < 3) {
            throw new IllegalArgumentException(
                    place + ": a waiver must be a rule or case, a last day and a reason, not " + GivenText.quote(line));
        }
        try {
            return new Waiver(parts[0], LocalDate.parse(parts[1]), parts[2]);
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(
                    place + ": the last day must be a date such as 2027-01-31, not " + GivenText.quote(parts[1]), e);
        }
    }
}
