package dev.filigree.integration.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.filigree.integration.process.ProjectTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Code in documents is quoted from files that are compiled, and links lead somewhere. */
class DocumentsTest {

    @Test
    void javaInDocumentsIsQuotedFromSources() throws IOException {
        List<String> wrong = new ArrayList<>();
        int quotes = 0;
        for (Path page : Document.all()) {
            Document document = Document.read(page);
            for (Document.Block block : document.blocks()) {
                if (block.source().isPresent()) {
                    quotes++;
                    if (!isPartOf(block.text(), block.source().get())) {
                        wrong.add(document + ":" + block.line() + " is not a part of "
                                + block.source().get());
                    }
                } else if (block.language().equals("java")) {
                    wrong.add(document + ":" + block.line() + " must say which file it is quoted from");
                }
            }
        }
        assertFalse(quotes == 0, "no quote found: the test sees nothing");
        assertEquals(List.of(), wrong);
    }

    @Test
    void linksLeadToFiles() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path page : Document.all()) {
            Document document = Document.read(page);
            for (String target : document.linkedFiles()) {
                if (!Files.exists(page.resolveSibling(target))) {
                    broken.add(document + " links to " + target);
                }
            }
        }
        assertEquals(List.of(), broken);
    }

    /** Whether whole lines of a source file read like this, however far they are indented as a whole. */
    private static boolean isPartOf(String quote, String source) throws IOException {
        Path file = ProjectTree.root().resolve(source);
        if (!Files.exists(file)) {
            return false;
        }
        String text = Files.readString(file).indent(0);
        String lines = quote.indent(0);
        for (int indent = 0; indent <= 12; indent += 4) {
            if (text.startsWith(lines.indent(indent)) || text.contains("\n" + lines.indent(indent))) {
                return true;
            }
        }
        return false;
    }
}
