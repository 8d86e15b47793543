package dev.filigree.integration.fuzz;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * One reader.
 *
 * @param name for reports
 * @param files what stands around the file that goes bad, by name; may be empty
 * @param seeds good files, by the name under which the reader finds them
 * @param words what the format speaks of
 * @param refusals exceptions that are right answers
 * @param reading reads from the folder, and uses what it read
 */
record FuzzTarget(
        String name,
        Map<String, byte[]> files,
        List<Seed> seeds,
        List<String> words,
        List<Class<? extends Exception>> refusals,
        Reading reading) {

    /** A good file. */
    record Seed(String fileName, byte[] bytes) {}

    /** What is done with a file. */
    interface Reading {
        void read(Path folder, Path file) throws Exception;
    }

    @Override
    public String toString() {
        return name;
    }
}
