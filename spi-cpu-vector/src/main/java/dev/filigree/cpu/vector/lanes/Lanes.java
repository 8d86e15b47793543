package dev.filigree.cpu.vector.lanes;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The lane width every kernel of this module is compiled for.
 *
 * <p>The species are static final constants because the JIT turns vector code into machine instructions only when it can
 * fold the species; one width per JVM is what makes one copy of each kernel serve 128, 256 and 512 bits. The width is the
 * machine's preferred one unless the system property {@value #BITS_PROPERTY} names another.
 */
public final class Lanes {
    /** System property that overrides the lane width in bits: 128, 256 or 512. */
    public static final String BITS_PROPERTY = "dev.filigree.cpu.vector.bits";

    /** Width of one vector, bits. */
    public static final int BITS = bits();

    /** Float lanes of {@link #BITS} bits. */
    public static final VectorSpecies<Float> F32 = VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));

    /** Int lanes of {@link #BITS} bits. */
    public static final VectorSpecies<Integer> I32 = VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));

    /** As many 16-bit lanes as {@link #F32} has floats. */
    public static final VectorSpecies<Short> I16 = VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));

    /** Floats in one vector. */
    public static final int COUNT = F32.length();

    /** Bytes in one vector of floats. */
    public static final int BYTES = COUNT * Float.BYTES;

    /** Columns of the GEMM micro-kernel: two vectors. */
    public static final int PANEL = 2 * COUNT;

    /** Bytes of one row of a packed panel. */
    public static final int PANEL_BYTES = 2 * BYTES;

    /** Byte order of everything in memory that is not a file. */
    public static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Lanes() {}

    private static int bits() {
        int preferred = Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512);
        int bits = Integer.getInteger(BITS_PROPERTY, preferred);
        if (bits != 128 && bits != 256 && bits != 512) {
            throw new IllegalArgumentException(BITS_PROPERTY + " is " + bits + "; accepted are 128, 256 and 512.");
        }
        return bits;
    }

    /**
     * Rounds up to whole vectors.
     *
     * @param count number of floats
     * @return the smallest multiple of {@link #COUNT} that is not below {@code count}
     */
    public static long roundUp(long count) {
        return (count + COUNT - 1) / COUNT * COUNT;
    }

    /**
     * Rounds up to whole panels.
     *
     * @param count number of columns
     * @return the smallest multiple of {@link #PANEL} that is not below {@code count}
     */
    public static long roundUpPanel(long count) {
        return (count + PANEL - 1) / PANEL * PANEL;
    }

    /** Names the types so that a reader of a log sees what the kernels were compiled for. */
    public static String describe() {
        return BITS + "-bit lanes (" + COUNT + " x f32, " + IntVector.SPECIES_PREFERRED.vectorBitSize()
                + "-bit preferred, " + ShortVector.SPECIES_PREFERRED.vectorBitSize() / 16 + " x i16)";
    }
}
