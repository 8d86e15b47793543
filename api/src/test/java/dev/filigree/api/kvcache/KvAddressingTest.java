package dev.filigree.api.kvcache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KvAddressingTest {

    @Test
    void laterPagesShareTheRing() {
        KvAddressing ring = new KvAddressing.Ring(2, 3);
        long[] columns = {0, 1, 2, 3, 4, 2, 3, 4, 2};
        for (int page = 0; page < columns.length; page++) {
            assertEquals(columns[page], ring.column(page));
        }
        assertTrue(ring.isResident(1, 100));
        assertTrue(ring.isResident(98, 100));
        assertEquals(false, ring.isResident(97, 100));
        assertEquals(false, ring.isResident(101, 100));
        assertEquals(5, ring.columns(1_000_000, 16));
        assertEquals(1, ring.columns(1, 16));
        assertEquals(0, ring.columns(0, 16));
    }

    @Test
    void theSmallestRingOfAWindow() {
        // LServe's default: sink 128, recent 256, pages of 64: 2 + 5 pages
        assertEquals(new KvAddressing.Ring(2, 5), KvAddressing.Ring.of(new Retention.SinkAndRecent(128, 256), 64));
        assertEquals(new KvAddressing.Ring(0, 1), KvAddressing.Ring.of(new Retention.SinkAndRecent(0, 1), 64));
    }

    /** Writes tokens one by one and checks that every token a query may see is still where the ring says. */
    @Test
    void everythingInTheWindowIsResidentAndInItsOwnSlot() {
        Random random = new Random(4);
        for (int round = 0; round < 200; round++) {
            int pageSize = random.nextInt(1, 9);
            var retention = new Retention.SinkAndRecent(random.nextInt(0, 20), random.nextInt(1, 40));
            KvAddressing ring = KvAddressing.Ring.of(retention, pageSize);
            Map<Long, Long> positionOfSlot = new HashMap<>();
            for (long p = 0; p < 200; p++) {
                positionOfSlot.put(ring.column(p / pageSize) * pageSize + p % pageSize, p);
                for (long j = 0; j <= p; j++) {
                    boolean seen = j < retention.sink() || j > p - retention.recent();
                    if (seen) {
                        assertTrue(ring.isResident(j / pageSize, p / pageSize), retention + " " + j + " from " + p);
                        assertEquals(j, positionOfSlot.get(ring.column(j / pageSize) * pageSize + j % pageSize));
                    }
                }
                long columns = ring.columns(p + 1, pageSize);
                assertTrue(positionOfSlot.keySet().stream().allMatch(slot -> slot / pageSize < columns));
            }
        }
    }

    @Test
    void retainedRowsAreWhatTheNextQueryMaySee() {
        for (int sink = 0; sink < 5; sink++) {
            for (int recent = 1; recent < 6; recent++) {
                Retention retention = new Retention.SinkAndRecent(sink, recent);
                for (long past = 0; past < 15; past++) {
                    long row = 0;
                    for (long j = 0; j < past; j++) {
                        // the next query stands at position past and sees recent tokens, its own included
                        if (j < sink || j > past - recent) {
                            assertEquals(j, retention.positionOfRow(row++, past));
                        }
                    }
                    assertEquals(row, retention.retainedTokens(past));
                }
            }
        }
        assertEquals(7, new Retention.Everything().retainedTokens(7));
    }

    @Test
    void impossibleRingsAreRefused() {
        assertEquals(
                "ring needs sinkPages >= 0 and ringPages >= 1, not -1 and 0",
                assertThrows(IllegalArgumentException.class, () -> new KvAddressing.Ring(-1, 0))
                        .getMessage());
    }
}
