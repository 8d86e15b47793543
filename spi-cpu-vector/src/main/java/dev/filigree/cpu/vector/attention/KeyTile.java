package dev.filigree.cpu.vector.attention;

import dev.filigree.cpu.vector.convert.Clear;
import dev.filigree.cpu.vector.gemm.PanelPack;
import dev.filigree.cpu.vector.lanes.Lanes;

/**
 * Scratch of one worker for one tile of keys and values, packed for the micro-kernel, and where its parts lie.
 * Offsets are bytes from the start of the tile's memory.
 */
final class KeyTile {
    /** Keys of one tile; tiles start at multiples of it, whatever the chunk, so that results do not depend on chunks. */
    static final int KEYS = 128;

    final int headDimQk;
    final int headDimVo;
    final int numValuePanels;
    final long keyPanelBytes;
    final long valuePanelBytes;
    final long valuesAt;
    final long packAt;
    final long stagingAt;
    final long bytes;

    KeyTile(int headDimQk, int headDimVo) {
        this.headDimQk = headDimQk;
        this.headDimVo = headDimVo;
        numValuePanels = Math.ceilDiv(headDimVo, Lanes.PANEL);
        keyPanelBytes = Lanes.roundUp(headDimQk) * Lanes.PANEL_BYTES;
        valuePanelBytes = (long) KEYS * Lanes.PANEL_BYTES;
        valuesAt = KEYS / Lanes.PANEL * keyPanelBytes;
        packAt = valuesAt + numValuePanels * valuePanelBytes;
        stagingAt = packAt + Math.max(PanelPack.scratchBytes(headDimQk), ValuePack.scratchBytes(KEYS, headDimVo));
        bytes = stagingAt + 4L * KEYS * Math.max(headDimQk, headDimVo);
    }

    /** Zeroes the values of keys outside [from, to), which no row sees, so that their weight 0 adds nothing. */
    void clearValues(long tile, int from, int to) {
        for (int p = 0; p < numValuePanels; p++) {
            long panel = tile + valuesAt + p * valuePanelBytes;
            Clear.fill(panel, from * Lanes.PANEL, 0f);
            Clear.fill(panel + (long) to * Lanes.PANEL_BYTES, (KEYS - to) * Lanes.PANEL, 0f);
        }
    }
}
