package dev.filigree.policies.yaml;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/**
 * Builds the tree from parser events, so that every node keeps its line and nothing grows beyond what stands in the
 * file: anchors and aliases, tags, further documents, deep nesting and oversized files are refused.
 */
public final class YamlParser {
    /** Characters a file may have. */
    public static final int MAX_CHARACTERS = 1 << 18;
    /** Sections and lists within each other. */
    public static final int MAX_DEPTH = 16;

    private final Iterator<Event> events;

    private YamlParser(Iterator<Event> events) {
        this.events = events;
    }

    /** Why a file cannot be read as a tree. */
    public static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1L;
        private final int line;

        RefusedException(int line, String message) {
            super(message);
            this.line = line;
        }

        /** 1-based. */
        public int line() {
            return line;
        }
    }

    /**
     * Parses a text.
     *
     * @param text YAML, or JSON, which is YAML too
     * @param label names the text in messages of the parser
     * @throws RefusedException with the line and what is not accepted there
     */
    public static YamlNode parse(String text, String label) throws RefusedException {
        if (text.length() > MAX_CHARACTERS) {
            throw new RefusedException(
                    1, "the file must have at most " + MAX_CHARACTERS + " characters, not " + text.length());
        }
        LoadSettings settings = LoadSettings.builder()
                .setLabel(label)
                .setUseMarks(true)
                .setCodePointLimit(MAX_CHARACTERS)
                .build();
        try {
            Iterator<Event> events = new ParserImpl(settings, new StreamReader(settings, text));
            return new YamlParser(events).document();
        } catch (MarkedYamlEngineException e) {
            String context = e.getContext() == null ? "" : e.getContext() + ", ";
            throw new RefusedException(line(e.getProblemMark()), "not YAML: " + context + e.getProblem());
        } catch (YamlEngineException e) {
            throw new RefusedException(1, "not YAML: " + e.getMessage());
        }
    }

    private YamlNode document() throws RefusedException {
        events.next();
        Event event = events.next();
        if (event.getEventId() == Event.ID.StreamEnd) {
            return new YamlNode.Mapping(List.of(), 1);
        }
        YamlNode root = node(events.next(), 0);
        events.next();
        Event after = events.next();
        if (after.getEventId() != Event.ID.StreamEnd) {
            throw new RefusedException(
                    line(after.getStartMark()), "the file must hold one document, a second starts here");
        }
        return root;
    }

    private YamlNode node(Event event, int depth) throws RefusedException {
        int line = line(event.getStartMark());
        refuseReferences(event, line);
        if (event instanceof ScalarEvent scalar) {
            return new YamlNode.Scalar(scalar.getValue(), !scalar.isPlain(), line);
        }
        if (depth >= MAX_DEPTH) {
            throw new RefusedException(line, "sections and lists must nest at most " + MAX_DEPTH + " deep");
        }
        return event instanceof MappingStartEvent ? mapping(line, depth) : sequence(line, depth);
    }

    private YamlNode mapping(int line, int depth) throws RefusedException {
        List<YamlNode.Entry> entries = new ArrayList<>();
        for (Event event = events.next(); event.getEventId() != Event.ID.MappingEnd; event = events.next()) {
            if (!(node(event, depth + 1) instanceof YamlNode.Scalar key)) {
                throw new RefusedException(line(event.getStartMark()), "a key must be text");
            }
            entries.add(new YamlNode.Entry(key.text(), key.line(), node(events.next(), depth + 1)));
        }
        return new YamlNode.Mapping(entries, line);
    }

    private YamlNode sequence(int line, int depth) throws RefusedException {
        List<YamlNode> items = new ArrayList<>();
        for (Event event = events.next(); event.getEventId() != Event.ID.SequenceEnd; event = events.next()) {
            items.add(node(event, depth + 1));
        }
        return new YamlNode.Sequence(items, line);
    }

    private static void refuseReferences(Event event, int line) throws RefusedException {
        if (event instanceof AliasEvent
                || (event instanceof NodeEvent node && node.getAnchor().isPresent())) {
            throw new RefusedException(line, "anchors and aliases are not accepted; write the value out");
        }
        boolean tagged = event instanceof ScalarEvent scalar
                ? scalar.getTag().isPresent()
                : event instanceof CollectionStartEvent start && start.getTag().isPresent();
        if (tagged) {
            throw new RefusedException(line, "tags are not accepted; quote text that must not be read as a number");
        }
    }

    private static int line(Optional<Mark> mark) {
        return mark.map(m -> m.getLine() + 1).orElse(1);
    }
}
