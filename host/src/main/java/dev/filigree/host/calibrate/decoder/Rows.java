package dev.filigree.host.calibrate.decoder;

/**
 * The positions a pass works on: {@code [0, sink)} and {@code [start, end)}, packed in this order. Without a gap {@code
 * sink} is 0 and {@code start} is 0.
 *
 * @param sink leading positions before the gap
 * @param start first position after the gap
 * @param end one past the last position
 */
public record Rows(int sink, int start, int end) {

    /** Joins the parts when nothing lies between them. */
    public Rows {
        if (sink < 0 || end < start || start < 0) {
            throw new IllegalArgumentException(
                    "rows need 0 <= sink and 0 <= start <= end, not " + sink + ", " + start + " and " + end);
        }
        if (sink > 0 && start <= sink) {
            sink = 0;
            start = 0;
        }
    }

    /** All positions below {@code end}. */
    public static Rows all(int end) {
        return new Rows(0, 0, end);
    }

    /** Number of rows. */
    public int count() {
        return sink + end - start;
    }

    /** Rows whose keys these rows' queries may see, themselves included, under a streaming pattern. */
    public Rows reach(int sinkTokens, int recentTokens) {
        int first = Math.max(0, start - (recentTokens - 1));
        return new Rows(Math.min(sinkTokens, end), first, end);
    }

    /** Absolute positions in row order. */
    public int[] positions() {
        int[] positions = new int[count()];
        for (int row = 0; row < positions.length; row++) {
            positions[row] = position(row);
        }
        return positions;
    }

    /** Absolute position of one row. */
    public int position(int row) {
        return row < sink ? row : start + row - sink;
    }

    /** The row of a position that belongs to these rows. */
    public int row(int position) {
        return position < sink ? position : sink + position - start;
    }

    /**
     * The part of a tensor over these rows that another set of rows, a subset, asks for.
     *
     * @param x {@code [count, width]}
     * @return {@code [wanted.count, width]}
     */
    public double[] pick(Rows wanted, double[] x, int width) {
        double[] picked = new double[Math.multiplyExact(wanted.count(), width)];
        int head = leading(wanted);
        System.arraycopy(x, 0, picked, 0, head * width);
        System.arraycopy(x, tailRow(wanted, head) * width, picked, head * width, (wanted.count() - head) * width);
        return picked;
    }

    /** The reverse of {@link #pick}: adds rows of a subset to a tensor over these rows. */
    public void addTo(double[] x, Rows subset, double[] part, int width) {
        int head = leading(subset);
        int shift = (tailRow(subset, head) - head) * width;
        for (int i = 0; i < part.length; i++) {
            x[i < head * width ? i : i + shift] += part[i];
        }
    }

    private static int leading(Rows subset) {
        return subset.sink;
    }

    private int tailRow(Rows subset, int head) {
        return head == subset.count() ? head : row(subset.start);
    }
}
