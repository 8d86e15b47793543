package dev.filigree.host.calibrate.heads;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.filigree.api.attention.HeadPattern;
import dev.filigree.host.calibrate.heads.gradient.GateTraining;
import dev.filigree.policies.table.HeadTable;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeadReportTest {
    private static final GateTraining.Settings SETTINGS =
            new GateTraining.Settings(new HeadPattern.Streaming(4, 16), 3, 0.02, 0.05, 2);
    private static final HeadTable SCORES = new HeadTable(List.of(List.of(0.5f, 4f), List.of(2f, 0f)));

    private static HeadReport report(HeadMethod method, List<GateTraining.Progress> history) {
        return new HeadReport(method, SETTINGS, "two <texts>", SCORES, SCORES, history, 1.25);
    }

    @Test
    void textRanksAllHeads() {
        assertEquals("""
                knockout: knock-out of one head; streaming(sink=4, recent=16); 2 samples, 1.3 s
                 rank  head        score
                    1  L0H1     4.000000
                    2  L1H0     2.000000
                    3  L0H0     0.500000
                    4  L1H1     0.000000
                """, report(HeadMethod.KNOCKOUT, List.of()).text());
    }

    @Test
    void scoresAreScaledForThePolicyAndGatesAreNot() {
        assertEquals(
                new HeadTable(List.of(List.of(0.125f, 1f), List.of(0.5f, 0f))),
                report(HeadMethod.MASS, List.of()).gates().table());
        assertEquals(SCORES, report(HeadMethod.GRADIENT, List.of()).gates().table());
    }

    @Test
    void pageNeedsNoOtherFileAndEscapesText() {
        String page = HeadReport.html(
                "model", List.of(report(HeadMethod.GRADIENT, List.of(new GateTraining.Progress(1, 0.25, 0.05)))));
        assertTrue(page.contains("two &lt;texts&gt;"));
        assertTrue(page.contains("<svg "));
        assertTrue(page.contains("<td class=\"n\">0.250000</td>"));
        assertEquals(-1, page.replace("http://www.w3.org/2000/svg", "").indexOf("http"));
    }
}
