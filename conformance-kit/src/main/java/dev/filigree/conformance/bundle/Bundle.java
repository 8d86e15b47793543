package dev.filigree.conformance.bundle;

import dev.filigree.conformance.certificate.GivenText;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * One execution of a case in one file, a zip: {@code case.txt} with lines {@code KEY TAB VALUE}; per run of the backend {@code
 * run-N/plan.txt}, {@code run-N/in/TENSOR} and {@code run-N/out/TENSOR}; per run of the reference {@code reference-N/}, alike.
 * Tensors are the raw bytes, little endian, as the plan declares them, so that another program can read them.
 *
 * @param facts case, seed, backend, device, driver, rules, message and what else the run knew
 * @param runs what the backend under judgement ran, in order
 * @param reference what the reference ran, in order
 */
public record Bundle(Map<String, String> facts, List<RecordedRun> runs, List<RecordedRun> reference) {
    private static final int MAX_BYTES = 1 << 28;
    private static final int MAX_ENTRIES = 10_000;

    /** Copies the lists. */
    public Bundle {
        facts = new LinkedHashMap<>(facts);
        runs = List.copyOf(runs);
        reference = List.copyOf(reference);
    }

    /** Writes the file, all of it or nothing. */
    public void write(Path file) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try (OutputStream out = Files.newOutputStream(part);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            StringBuilder text = new StringBuilder();
            facts.forEach((key, value) -> text.append(key)
                    .append('\t')
                    .append(value.replace('\n', ' ').replace('\t', ' '))
                    .append('\n'));
            put(zip, "case.txt", text.toString().getBytes(StandardCharsets.UTF_8));
            put(zip, "run-", runs);
            put(zip, "reference-", reference);
        }
        Files.move(part, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    private static void put(ZipOutputStream zip, String prefix, List<RecordedRun> runs) throws IOException {
        for (int i = 0; i < runs.size(); i++) {
            String folder = prefix + i + "/";
            put(zip, folder + "plan.txt", runs.get(i).plan().getBytes(StandardCharsets.UTF_8));
            for (var entry : runs.get(i).inputs().entrySet()) {
                put(zip, folder + "in/" + entry.getKey(), entry.getValue());
            }
            for (var entry : runs.get(i).outputs().entrySet()) {
                put(zip, folder + "out/" + entry.getKey(), entry.getValue());
            }
        }
    }

    private static void put(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setTime(0);
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }

    /**
     * Reads a file.
     *
     * @throws IllegalArgumentException if it is no bundle, or one of more than 256 MiB or 10,000 entries
     */
    public static Bundle read(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            if (zip.size() > MAX_ENTRIES) {
                throw refused(file, "it has " + zip.size() + " entries; accepted: at most " + MAX_ENTRIES);
            }
            Map<String, byte[]> entries = new TreeMap<>();
            int left = MAX_BYTES;
            for (var all = zip.entries(); all.hasMoreElements(); ) {
                ZipEntry entry = all.nextElement();
                byte[] bytes = zip.getInputStream(entry).readNBytes(left);
                left -= bytes.length;
                entries.put(entry.getName(), bytes);
            }
            if (left <= 0) {
                throw refused(file, "it unpacks to more than " + MAX_BYTES + " bytes");
            }
            byte[] text = entries.get("case.txt");
            if (text == null) {
                throw refused(file, "it lacks an entry case.txt");
            }
            Map<String, String> facts = new LinkedHashMap<>();
            new String(text, StandardCharsets.UTF_8).lines().forEach(line -> {
                int tab = line.indexOf('\t');
                if (tab > 0) {
                    facts.put(line.substring(0, tab), line.substring(tab + 1));
                }
            });
            return new Bundle(facts, runs(entries, "run-"), runs(entries, "reference-"));
        } catch (ZipException | EOFException e) {
            throw refused(file, "it is not a whole zip file (" + e.getMessage() + ")");
        }
    }

    private static IllegalArgumentException refused(Path file, String why) {
        return new IllegalArgumentException(file + " is no bundle: " + why);
    }

    private static List<RecordedRun> runs(Map<String, byte[]> entries, String prefix) {
        List<RecordedRun> runs = new ArrayList<>();
        for (byte[] plan = entries.get(prefix + "0/plan.txt"); plan != null; ) {
            String folder = prefix + runs.size() + "/";
            runs.add(new RecordedRun(
                    new String(plan, StandardCharsets.UTF_8),
                    part(entries, folder + "in/"),
                    part(entries, folder + "out/")));
            plan = entries.get(prefix + runs.size() + "/plan.txt");
        }
        return runs;
    }

    private static Map<String, byte[]> part(Map<String, byte[]> entries, String folder) {
        Map<String, byte[]> part = new TreeMap<>();
        entries.forEach((name, bytes) -> {
            if (name.startsWith(folder)) {
                part.put(name.substring(folder.length()), bytes);
            }
        });
        return part;
    }

    /** A fact that every bundle has. */
    public String fact(String key) {
        String value = facts.get(key);
        if (value == null) {
            throw new IllegalArgumentException("the bundle says nothing of " + key + ", only of "
                    + GivenText.quote(String.join(", ", facts.keySet())));
        }
        return value;
    }

    /** The seed of the execution. */
    public long seed() {
        try {
            return Long.parseLong(fact("seed"));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "the seed of a bundle must be a whole number, not " + GivenText.quote(fact("seed")), e);
        }
    }
}
