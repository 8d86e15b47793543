/**
 * Gates trained by their explicit gradient (DuoAttention section 2.2, in the published code's formulation): a teacher with
 * all heads dense and a student whose heads mix the teacher's output with streaming attention over the student's own
 * queries, keys and values.
 */
package dev.filigree.host.calibrate.heads.gradient;
