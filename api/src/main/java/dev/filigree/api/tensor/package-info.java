/**
 * Tensors: dtypes, shapes, strides, and buffers behind handles.
 *
 * <p>Axis names used everywhere, with no synonyms:
 *
 * <dl>
 *   <dt>numTokens<dd>query tokens of a call, all sequences together
 *   <dt>numKvTokens<dd>key/value tokens of a call, all sequences together
 *   <dt>numSeqs<dd>sequences of a ragged batch
 *   <dt>numQoHeads, numKvHeads<dd>query/output heads and key/value heads; query head h reads KV head
 *       {@code h / (numQoHeads / numKvHeads)}
 *   <dt>headDimQk, headDimVo<dd>head dims of queries and keys, and of values and outputs
 *   <dt>hidden, inFeatures, outFeatures, vocab<dd>widths of the transformer's linears
 *   <dt>blockSize, numQBlocks, numKvBlocks<dd>selection blocks of block-sparse attention
 *   <dt>pageSize, numPages, maxPages<dd>tokens per physical page, pages of a pool, page-table columns
 *   <dt>logicalPageSize<dd>tokens per logical page, the unit of page statistics
 *   <dt>rank, groupSize<dd>width of a low-rank branch, elements that share one scale
 * </dl>
 *
 * <p>Ragged batches are packed along the token axis with {@code [numSeqs + 1] i32} offsets: first entry 0, last
 * entry the token count. Every {@code lse} is the natural logarithm of a softmax denominator.
 */
package dev.filigree.api.tensor;
