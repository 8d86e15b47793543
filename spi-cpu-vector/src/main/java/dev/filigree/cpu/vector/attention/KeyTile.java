package dev.filigree.cpu.vector.attention;

import dev.filigree.cpu.vector.gemm.PanelPack;
import dev.filigree.cpu.vector.lanes.Lanes;

/**
 * Scratch of one worker for one tile of keys and values, packed for the micro-kernel, and where its parts lie.
 * Offsets are bytes from the start of the tile's memory.
 */
final class KeyTile {
    /** Keys of one tile; tiles start at multiples of it, whatever the chunk, so that results do not depend on chunks. */
    static final int KEYS = 128;

    final int columns;
    final int headDimQk;
    final int headDimVo;
    final int numValuePanels;
    final long keyPanelBytes;
    final long valuePanelBytes;
    final long valuesAt;
    final long packAt;
    final long stagingAt;
    final long bytes;

    /**
     * Lays out a tile.
     *
     * @param columns most keys of one load, a multiple of the panel
     * @param headDimQk width of keys
     * @param headDimVo width of values
     */
    KeyTile(int columns, int headDimQk, int headDimVo) {
        this.columns = columns;
        this.headDimQk = headDimQk;
        this.headDimVo = headDimVo;
        numValuePanels = Math.ceilDiv(headDimVo, Lanes.PANEL);
        keyPanelBytes = Lanes.roundUp(headDimQk) * Lanes.PANEL_BYTES;
        valuePanelBytes = (long) columns * Lanes.PANEL_BYTES;
        valuesAt = columns / Lanes.PANEL * keyPanelBytes;
        packAt = valuesAt + numValuePanels * valuePanelBytes;
        stagingAt = packAt + Math.max(PanelPack.scratchBytes(headDimQk), ValuePack.scratchBytes(columns, headDimVo));
        bytes = stagingAt + 4L * columns * Math.max(headDimQk, headDimVo);
    }

    /** Whether the values of columns [from, to) are all finite. */
    boolean finiteValues(long tile, int from, int to) {
        boolean finite = true;
        for (int p = 0; p < numValuePanels; p++) {
            long panel = tile + valuesAt + p * valuePanelBytes + (long) from * Lanes.PANEL_BYTES;
            finite &= ValuePack.finite(panel, (to - from) * Lanes.PANEL);
        }
        return finite;
    }
}
