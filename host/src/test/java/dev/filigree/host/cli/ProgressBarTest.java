package dev.filigree.host.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** Quiet for two seconds, then a bar on a terminal and a line now and then elsewhere. */
class ProgressBarTest {
    private static final long SECOND = 1_000_000_000L;

    private final StringWriter text = new StringWriter();

    @Test
    void quickWorkShowsNothing() {
        ProgressBar bar = new ProgressBar(new PrintWriter(text), true, 0);
        bar.showAt(SECOND, "reading", 1, 2);
        bar.showAt(2 * SECOND - 1, "reading", 2, 2);
        bar.clear();
        assertEquals("", text.toString());
    }

    @Test
    void aTerminalGetsOneLineThatIsTakenAwayAgain() {
        ProgressBar bar = new ProgressBar(new PrintWriter(text), true, 0);
        bar.showAt(2 * SECOND, "reading", 1, 3);
        bar.showAt(2 * SECOND + 1, "reading", 2, 3);
        bar.showAt(2 * SECOND + 2, "reading", 3, 3);
        bar.clear();
        assertEquals(
                "\r\033[Kreading [##########....................] 1 of 3"
                        + "\r\033[Kreading [##############################] 3 of 3\r\033[K",
                text.toString());
    }

    @Test
    void aLogGetsALineNowAndThen() {
        ProgressBar bar = new ProgressBar(new PrintWriter(text), false, 0);
        for (int second = 1; second <= 21; second++) {
            bar.showAt(second * SECOND, "reading", second, 30);
        }
        bar.clear();
        assertEquals(
                "reading [##########....................] 10 of 30\nreading [####################..........] 20 of 30\n",
                text.toString().replace(System.lineSeparator(), "\n"));
    }
}
