/** Cases of {@link dev.filigree.api.op.AntidiagonalScore}. */
package dev.filigree.conformance.cases.antidiagonalscore;
