/** Cases of the backend contract: buffers, workspaces, streams, preparation, refusals. */
package dev.filigree.conformance.cases.backend;
