package dev.filigree.host.quantize.math;

import org.ojalgo.matrix.decomposition.SingularValue;
import org.ojalgo.matrix.store.MatrixStore;
import org.ojalgo.matrix.store.R064Store;

/** Exact in fp64, in pure Java. */
public final class OjAlgoSvd implements TruncatedSvd {

    @Override
    public String name() {
        return "ojalgo";
    }

    @Override
    public LowRank decompose(float[] matrix, int rows, int columns, int rank) {
        R064Store store = R064Store.FACTORY.make(rows, columns);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                store.set(i, j, matrix[i * columns + j]);
            }
        }
        SingularValue<Double> svd = SingularValue.R064.make(store);
        if (!svd.decompose(store)) {
            throw new ArithmeticException(
                    "the singular values of a " + rows + " x " + columns + " matrix did not converge");
        }
        int r = Math.min(rank, Math.min(rows, columns));
        double[] singular = new double[Math.min(rows, columns)];
        for (int i = 0; i < singular.length; i++) {
            singular[i] = svd.getSingularValues().get(i);
        }
        MatrixStore<Double> u = svd.getU();
        MatrixStore<Double> v = svd.getV();
        float[] left = new float[r * rows];
        float[] right = new float[r * columns];
        for (int k = 0; k < r; k++) {
            for (int i = 0; i < rows; i++) {
                left[k * rows + i] = (float) (u.doubleValue(i, k) * singular[k]);
            }
            for (int j = 0; j < columns; j++) {
                right[k * columns + j] = (float) v.doubleValue(j, k);
            }
        }
        return new LowRank(r, left, right, singular, rest(singular, r)).withFixedSigns();
    }

    /** The share of the norm past the first {@code rank} values. */
    static double rest(double[] singular, int rank) {
        double all = 0;
        double rest = 0;
        for (int i = 0; i < singular.length; i++) {
            all += singular[i] * singular[i];
            rest += i < rank ? 0 : singular[i] * singular[i];
        }
        return all == 0 ? 0 : Math.sqrt(rest / all);
    }
}
